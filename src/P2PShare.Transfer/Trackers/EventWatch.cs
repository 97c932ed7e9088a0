using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Trackers;

/// <summary>A stream of events over as many connections as it takes (server-sent events, WHATWG HTML section 9.2).</summary>
/// <param name="open">Asks a tracker for the events after the one of an id.</param>
/// <param name="ready">Called once nothing more is missed.</param>
internal sealed class EventWatch(Func<string?, CancellationToken, Task<HttpResponseMessage>> open, Action ready)
{
    // All who watched at a tracker lose it at the same moment, and the next one has to take them.
    private readonly RetryDelay _backoff = new(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(30));
    private string? _last;

    public async IAsyncEnumerable<GroupEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            using var response = await OpenAsync(cancellationToken).ConfigureAwait(false);
            if (response is not null)
            {
                await foreach (var what in ReadAsync(response, cancellationToken).ConfigureAwait(false))
                {
                    yield return what;
                }
            }

            await Task.Delay(_backoff.Next(), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <returns>Null where no tracker answers, and one did before.</returns>
    private async Task<HttpResponseMessage?> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await open(_last, cancellationToken).ConfigureAwait(false);
        }
        catch (P2PShareException e) when (_last is not null && TrackerClient.MayComeBack(e))
        {
            return null;
        }
    }

    private async IAsyncEnumerable<GroupEvent> ReadAsync(HttpResponseMessage response, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        var items = SseParser.Create(stream, Parse).EnumerateAsync(silence.Token).GetAsyncEnumerator(silence.Token);
        await using (items.ConfigureAwait(false))
        {
            while (await MoveNextAsync(items, silence, cancellationToken).ConfigureAwait(false))
            {
                if (items.Current.EventId is { } id)
                {
                    _last = id;
                    _backoff.Reset();
                }

                if (items.Current.EventType == GroupEventItems.Ready)
                {
                    ready();
                }
                else if (items.Current.Data is { } what)
                {
                    yield return what;
                }
            }
        }
    }

    /// <returns>False where the stream has ended, or was lost.</returns>
    private static async Task<bool> MoveNextAsync(
        IAsyncEnumerator<SseItem<GroupEvent?>> items, CancellationTokenSource silence, CancellationToken cancellationToken)
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

    // Of a newer tracker there may be kinds that are not known here.
    private static GroupEvent? Parse(string type, ReadOnlySpan<byte> data)
    {
        if (!Enum.TryParse<GroupEventKind>(type, out _))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(data, TrackerJson.Default.GroupEvent);
        }
        catch (JsonException e)
        {
            throw new P2PShareException(ErrorCode.NotATracker, $"The tracker sent an event that cannot be read: {e.Message}", e);
        }
    }
}
