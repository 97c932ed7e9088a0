using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// Dials peers that asked for it through the tracker, because they cannot dial this one (connection reversal). The other peer then opens its
/// channel over that connection. Safe for concurrent use.
/// </summary>
/// <param name="own">Fingerprint of this peer.</param>
/// <param name="findTicket">Gets a ticket of this peer for a content of a group, which the dialling side has to show first.</param>
/// <param name="stopping">Cancels what runs.</param>
internal sealed class ReverseDialer(
    PeerDialer dialer, IContentLookup contents, Hash256 own, Func<GroupIdentity, Hash256, CancellationToken, Task<string>> findTicket,
    ILogger logger, TimeProvider clock, CancellationToken stopping)
{
    // What other peers make this one do is little, however many ask.
    internal const int MaxAtOnce = 16;
    internal const int MaxPerSecond = 32;
    internal const int MaxPerAddressAndSecond = 8;

    // The asker has no connection to this peer. One that this peer still has is lost, unless it is so new that the two crossed.
    private static readonly TimeSpan CrossedWithin = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<Hash256, bool> _dialling = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _perAddress = [];
    private long _second;
    private int _inSecond;

    /// <summary>Dials in the background, unless the content is not offered in the group, or there are too many requests.</summary>
    /// <returns>The dial, which throws nothing.</returns>
    public Task DialAsync(DialEvent request)
    {
        var peer = request.Peer;
        if (peer.Fingerprint == own || contents.Find(request.PiecesRoot, request.GroupId) is null || !_dialling.TryAdd(peer.Fingerprint, true))
        {
            return Task.CompletedTask;
        }

        if (_dialling.Count > MaxAtOnce || TakeEndPoints(peer.EndPoints) is not { Count: > 0 } endPoints)
        {
            _dialling.TryRemove(peer.Fingerprint, out _);
            return Task.CompletedTask;
        }

        return DialAsync(request, peer with { EndPoints = endPoints });
    }

    private async Task DialAsync(DialEvent request, SourcePeer peer)
    {
        try
        {
            if (dialer.Find(peer.Fingerprint) is { } existing)
            {
                if (existing.Idle < CrossedWithin)
                {
                    return;
                }

                existing.Dispose();
            }

            var ticket = await findTicket(new GroupIdentity(request.GroupId, request.Group), request.PiecesRoot, stopping).ConfigureAwait(false);
            (await dialer.DialAsync(peer, isRequested: true).ConfigureAwait(false)).SendHello(ticket);
            logger.DialledOnRequest(peer.Fingerprint);
        }
        catch (Exception e) when (e is P2PShareException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            logger.DialOnRequestFailed(peer.Fingerprint, e.Message);
        }
        finally
        {
            _dialling.TryRemove(peer.Fingerprint, out _);
        }
    }

    /// <returns>Those that may be dialled now: each counts, and an address that was dialled often in this second is left out.</returns>
    private List<string> TakeEndPoints(IReadOnlyList<string> endPoints)
    {
        var second = (long)clock.GetElapsedTime(0).TotalSeconds;
        lock (_lock)
        {
            if (_second != second)
            {
                (_second, _inSecond) = (second, 0);
                _perAddress.Clear();
            }

            return [.. endPoints.Where(text => IPEndPoint.TryParse(text, out var endPoint) && TryCount(Admission.GetLimitedAddress(endPoint.Address)))];
        }
    }

    private bool TryCount(IPAddress address)
    {
        var count = _perAddress.GetValueOrDefault(address);
        if (_inSecond >= MaxPerSecond || count >= MaxPerAddressAndSecond)
        {
            return false;
        }

        _inSecond++;
        _perAddress[address] = count + 1;
        return true;
    }
}
