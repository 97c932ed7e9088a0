using System.Threading.Channels;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Access;

namespace P2PShare.TrackerHost.Peers;

/// <summary>One peer's stream of requests to dial, between the feed that adds and the response that sends. Safe for concurrent use.</summary>
internal sealed class DialStream(CurrentUser user, Hash256 fingerprint)
{
    /// <summary>Most requests that wait to be sent.</summary>
    public const int MaxWaiting = 64;

    /// <summary>Most requests in a second; more than that are dropped.</summary>
    public const int MaxPerSecond = 32;

    /// <summary>Most requests of one user in a second, so that one user cannot take all of them.</summary>
    public const int MaxPerUserAndSecond = 8;

    private readonly Lock _lock = new();
    private readonly Channel<string?> _waiting = Channel.CreateBounded<string?>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private long _second;
    private List<long>? _askers;

    public CurrentUser User => user;

    public Hash256 Fingerprint => fingerprint;

    /// <summary>What waits to be sent, as JSON; null: a heartbeat.</summary>
    public ChannelReader<string?> Waiting => _waiting.Reader;

    /// <param name="dial">As JSON.</param>
    /// <param name="asker">Row of the user that asks.</param>
    /// <param name="second">Of a clock that only rises.</param>
    /// <returns>False if it was dropped: there are too many.</returns>
    public bool TryAdd(string dial, long asker, long second)
    {
        lock (_lock)
        {
            if (_second != second)
            {
                (_second, _askers) = (second, null);
            }

            _askers ??= [];
            if (_askers.Count >= MaxPerSecond || _askers.Count(other => other == asker) >= MaxPerUserAndSecond || !_waiting.Writer.TryWrite(dial))
            {
                return false;
            }

            _askers.Add(asker);
            return true;
        }
    }

    /// <summary>Adds a heartbeat unless something waits, which is as good.</summary>
    public void AddHeartbeat()
    {
        lock (_lock)
        {
            if (_waiting.Reader.Count == 0)
            {
                _waiting.Writer.TryWrite(null);
            }
        }
    }

    /// <summary>Ends the stream; what waits is still sent.</summary>
    public void End() => _waiting.Writer.TryComplete();
}
