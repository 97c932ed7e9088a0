using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Trackers;

/// <summary>The server-sent events of one response (WHATWG HTML section 9.2).</summary>
internal static class EventStream
{
    /// <summary>Reads until the stream ends, is lost, or is silent for <see cref="GroupEventItems.LongestSilence"/>.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.NotATracker"/>: an event is larger than <see cref="BoundedEvents.MaxBytes"/>.</exception>
    /// <exception cref="OperationCanceledException">By <paramref name="cancellationToken"/>.</exception>
    public static async IAsyncEnumerable<SseItem<T>> ReadAsync<T>(
        HttpResponseMessage response, SseItemParser<T> parse, TimeProvider clock, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var silence = new CancellationTokenSource(GroupEventItems.LongestSilence, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, silence.Token);
        using var stream = new BoundedEvents(await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false));
        var items = SseParser.Create(stream, parse).EnumerateAsync(either.Token).GetAsyncEnumerator(either.Token);
        await using (items.ConfigureAwait(false))
        {
            while (await MoveNextAsync(items, silence, cancellationToken).ConfigureAwait(false))
            {
                yield return items.Current;
            }
        }
    }

    /// <returns>False if the stream has ended, or was lost.</returns>
    private static async Task<bool> MoveNextAsync<T>(IAsyncEnumerator<SseItem<T>> items, CancellationTokenSource silence, CancellationToken cancellationToken)
    {
        silence.CancelAfter(GroupEventItems.LongestSilence);
        try
        {
            return await items.MoveNextAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }
}
