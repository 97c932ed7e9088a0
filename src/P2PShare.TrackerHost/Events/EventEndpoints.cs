using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Http;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Events;

internal static class EventEndpoints
{
    private const int GroupsForOnePermit = 16;

    public static void MapEvents(this IEndpointRouteBuilder routes) => routes.MapGet(TrackerRoutes.Events, WatchAsync)
        .WithTags("Events")
        .RequireAuthorization()
        .Charge<WatchRequest>(request => ((request.Group?.Length ?? 0) / GroupsForOnePermit) + (string.IsNullOrEmpty(request.LastEventId) ? 0 : RequestCosts.OfList))
        .Describe("watchEvents", "Streams what happens in the caller's groups.", ErrorCode.InvalidRequest, ErrorCode.GroupNotFound, ErrorCode.QuotaExceeded)
        .Produces<GroupEvent>(StatusCodes.Status200OK, "text/event-stream")
        .WithMetadata(new OpenApiSuccess(
            "Server-sent events (WHATWG HTML, section 9.2) until the client disconnects. The first is of type 'ready': from there on nothing is missed. "
            + "The type of each further one is its kind, its id resumes the stream after it, and its data is this schema as JSON. "
            + "An event of type 'heartbeat' comes when nothing else did for 15 seconds."));

    private static async Task<IResult> WatchAsync(
        [AsParameters] WatchRequest request, HttpContext context, CurrentUser user, EventFeed feed, TrackerDatabase database, TimeProvider clock, CancellationToken cancellationToken)
    {
        var after = ParseEventId(request.LastEventId ?? "");
        var groups = request.Group ?? [];
        if (groups.Length > 0)
        {
            await database.ReadAsync(connection => Membership.RequireGroupsAsync(connection, user, groups), cancellationToken);
        }

        var stream = await feed.OpenAsync(user, groups.Select(AccountName.Key).ToHashSet(StringComparer.Ordinal), cancellationToken);
        // A proxy that buffers would delay events; nginx understands this header.
        context.Response.Headers["X-Accel-Buffering"] = "no";
        context.Response.OnCompleted(() =>
        {
            feed.Close(stream);
            return Task.CompletedTask;
        });
        return TypedResults.ServerSentEvents(SendAsync(stream, after, database, clock, cancellationToken));
    }

    private static long? ParseEventId(string text) => text.Length == 0 ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id
        : throw new P2PShareException(
            ErrorCode.InvalidRequest, $"'{PrintableCharacter.Clean(text)}' in Last-Event-ID is not the id of an event: a number was expected.");

    private static async IAsyncEnumerable<SseItem<string>> SendAsync(
        EventReader stream, long? after, TrackerDatabase database, TimeProvider clock, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // From here on nothing is missed; the id is what to resume after if no event follows.
        yield return Signal(GroupEventItems.Ready, after ?? stream.Position);
        for (var position = after ?? stream.Position; position < stream.Position;)
        {
            var missed = await database.ReadAsync(
                connection => EventStore.ReadAsync(connection, stream.User, position, stream.Position), cancellationToken);
            foreach (var groupEvent in missed.Where(stored => stored.IsKnown).Select(stored => stored.ToEvent()).Where(one => stream.IsAbout(one.Group)))
            {
                yield return Item(groupEvent);
            }

            position = missed.Count < EventStore.PageSize ? stream.Position : missed[^1].Id;
        }

        var more = stream.Waiting.WaitToReadAsync(cancellationToken).AsTask();
        while (true)
        {
            if (!await CompletesAsync(more, clock, cancellationToken))
            {
                yield return Signal(GroupEventItems.Heartbeat, null);
                continue;
            }

            if (!await more)
            {
                yield break;
            }

            while (stream.Waiting.TryRead(out var groupEvent))
            {
                yield return Item(groupEvent);
            }

            more = stream.Waiting.WaitToReadAsync(cancellationToken).AsTask();
        }
    }

    /// <returns>False after <see cref="GroupEventItems.HeartbeatInterval"/>.</returns>
    private static async Task<bool> CompletesAsync(Task task, TimeProvider clock, CancellationToken cancellationToken)
    {
        await task.WaitAsync(GroupEventItems.HeartbeatInterval, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return task.IsCompleted || cancellationToken.IsCancellationRequested;
    }

    private static SseItem<string> Item(GroupEvent groupEvent) => new(JsonSerializer.Serialize(groupEvent, TrackerJson.Default.GroupEvent), groupEvent.Kind.ToString())
    {
        EventId = groupEvent.Id.ToString(CultureInfo.InvariantCulture),
    };

    private static SseItem<string> Signal(string type, long? id) => new("{}", type) { EventId = id?.ToString(CultureInfo.InvariantCulture) };
}
