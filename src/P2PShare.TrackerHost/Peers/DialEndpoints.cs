using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Http;

namespace P2PShare.TrackerHost.Peers;

internal static class DialEndpoints
{
    public static void MapDials(this IEndpointRouteBuilder routes)
    {
        var routed = routes.MapGroup("").WithTags("Peers").RequireAuthorization();
        routed.MapPost(
                TrackerRoutes.DialRequestsTemplate,
                async (string group, DialRequest request, CurrentUser user, DialService dials, CancellationToken cancellationToken) =>
                {
                    await dials.RequestAsync(user, group, request, cancellationToken);
                    return TypedResults.StatusCode(StatusCodes.Status202Accepted);
                })
            .RequireRateLimiting(RateLimit.Dials)
            .Produces(StatusCodes.Status202Accepted)
            .Describe("requestDial", "Asks a source to dial a peer of the caller's.", ErrorCode.GroupNotFound, ErrorCode.NotMember, ErrorCode.PeerNotFound);
        routed.MapGet(TrackerRoutes.DialsTemplate, WatchAsync)
            .Describe("watchDials", "Streams the requests to dial that others make to a peer of the caller's.", ErrorCode.InvalidRequest, ErrorCode.PeerNotFound, ErrorCode.QuotaExceeded)
            .Produces<DialEvent>(StatusCodes.Status200OK, "text/event-stream")
            .WithMetadata(new OpenApiSuccess(
                "Server-sent events (WHATWG HTML, section 9.2) until the client disconnects, or opens another stream of the same peer. The first is of "
                + "type 'ready'. One of type 'dial' names a peer to dial; its data is this schema as JSON. They have no id: what was sent while no "
                + "stream was open is lost. An event of type 'heartbeat' comes about every 15 seconds."));
    }

    private static async Task<IResult> WatchAsync(string fingerprint, HttpContext context, CurrentUser user, DialService dials, DialStreams streams, CancellationToken cancellationToken)
    {
        var stream = await dials.OpenAsync(user, PeerEndpoints.ParseFingerprint(fingerprint), cancellationToken);
        // A proxy that buffers would delay events; nginx understands this header.
        context.Response.Headers["X-Accel-Buffering"] = "no";
        context.Response.OnCompleted(() =>
        {
            streams.Close(stream);
            return Task.CompletedTask;
        });
        return TypedResults.ServerSentEvents(SendAsync(stream, cancellationToken));
    }

    private static async IAsyncEnumerable<SseItem<string>> SendAsync(DialStream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return new SseItem<string>("{}", GroupEventItems.Ready);
        await foreach (var dial in stream.Waiting.ReadAllAsync(cancellationToken))
        {
            yield return dial is null
                ? new SseItem<string>("{}", GroupEventItems.Heartbeat)
                : new SseItem<string>(dial, DialEvent.ItemType);
        }
    }
}
