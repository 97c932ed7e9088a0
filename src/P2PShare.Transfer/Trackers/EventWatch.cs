using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Transfer.Trackers;

/// <summary>A stream of events over one connection after the other (server-sent events, WHATWG HTML section 9.2).</summary>
/// <param name="open">Requests the events after the one with an id.</param>
/// <param name="ready">Called once no event can be missed.</param>
internal sealed class EventWatch(Func<string?, CancellationToken, Task<HttpResponseMessage>> open, Action ready, TimeProvider clock, ILogger logger)
{
    // All clients of a tracker lose it at the same moment, and the next tracker has to take them.
    private readonly RetryDelay _backoff = new(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(30));
    private string? _last;
    private TimeSpan _retryAfter;

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

            var delay = _backoff.Next(_retryAfter);
            TrackerLog.EventStreamLost(logger, delay);
            await Task.Delay(delay, clock, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <returns>Null if it has to be opened again later: there are too many requests now, or no tracker answers and one did before.</returns>
    private async Task<HttpResponseMessage?> OpenAsync(CancellationToken cancellationToken)
    {
        _retryAfter = TimeSpan.Zero;
        try
        {
            return await open(_last, cancellationToken).ConfigureAwait(false);
        }
        catch (P2PShareException e) when (e.Code == ErrorCode.TooManyAttempts || (_last is not null && TrackerSession.IsTransient(e)))
        {
            _retryAfter = TrackerSession.RetryAfter(e);
            return null;
        }
    }

    private async IAsyncEnumerable<GroupEvent> ReadAsync(HttpResponseMessage response, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var item in EventStream.ReadAsync(response, Parse, clock, cancellationToken).ConfigureAwait(false))
        {
            if (item.EventId is { } id)
            {
                _last = id;
                _backoff.Reset();
            }

            if (item.EventType == GroupEventItems.Ready)
            {
                ready();
            }
            else if (item.Data is { } what)
            {
                yield return what;
            }
        }
    }

    // A newer tracker may send kinds that are unknown here.
    private static GroupEvent? Parse(string type, ReadOnlySpan<byte> data)
    {
        if (!Enum.TryParse<GroupEventKind>(type, out _))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(data, TrackerAnswer.Of(TrackerJson.Default.GroupEvent));
        }
        catch (JsonException e)
        {
            throw new P2PShareException(ErrorCode.NotATracker, "The tracker sent an event that cannot be read. Use the same version of P2PShare as the tracker.", e);
        }
    }
}
