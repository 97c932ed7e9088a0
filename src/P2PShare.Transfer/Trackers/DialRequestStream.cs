using System.Text.Json;
using Microsoft.Extensions.Logging;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Transfer.Trackers;

/// <summary>
/// Receives from the tracker what other peers ask: that this peer dials them, because they cannot dial it. The peer works without, if the
/// tracker has no stream for it.
/// </summary>
/// <param name="fingerprint">Of this peer, which has been announced.</param>
/// <param name="handle">Receives each request; returns at once.</param>
/// <param name="random">Spreads the peers that lose their tracker together. Null: the shared generator.</param>
internal sealed class DialRequestStream(TrackerApi tracker, Hash256 fingerprint, Action<DialEvent> handle, TimeProvider clock, ILogger logger, Random? random = null)
{
    // Requests go over new connections after this time: a stream that stayed on its old one would hold two for each peer.
    internal static readonly TimeSpan Lifetime = TrackerConnection.Lifetime;

    private readonly RetryDelay _backoff = NewBackoff(random);

    // All peers of a tracker lose it at the same moment, and return to it, or to the next one, spread over the time of an announce interval: a handshake each is the
    // most expensive thing that they can ask for. It does not need to be asked often for a stream that it refuses.
    internal static RetryDelay NewBackoff(Random? random) => new(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2), random);

    /// <summary>Reads one stream after the other until cancelled.</summary>
    /// <exception cref="OperationCanceledException">By <paramref name="cancellationToken"/>.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var delay = await ReadAsync(cancellationToken).ConfigureAwait(false);
            await Task.Delay(delay, clock, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <returns>How long to wait before the next one.</returns>
    private async Task<TimeSpan> ReadAsync(CancellationToken cancellationToken)
    {
        using var lifetime = new CancellationTokenSource(Lifetime, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.Token);
        var after = TimeSpan.Zero;
        try
        {
            using var response = await tracker.OpenDialsAsync(fingerprint, cancellationToken).ConfigureAwait(false);
            await foreach (var item in EventStream.ReadAsync(response, Parse, clock, either.Token).ConfigureAwait(false))
            {
                _backoff.Reset();
                if (item.Data is { } dial)
                {
                    handle(dial);
                }
            }
        }
        catch (TooManyAttemptsException e)
        {
            after = TrackerSession.RetryAfter(e);
        }
        catch (P2PShareException e)
        {
            logger.DialStreamRefused(e.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return TimeSpan.Zero;
        }

        return _backoff.Next(after);
    }

    // What cannot be read is of a newer tracker.
    private static DialEvent? Parse(string type, ReadOnlySpan<byte> data)
    {
        try
        {
            return type == DialEvent.ItemType ? JsonSerializer.Deserialize(data, TrackerAnswer.Of(TrackerJson.Default.DialEvent)) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
