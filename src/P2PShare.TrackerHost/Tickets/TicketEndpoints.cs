using P2PShare.Protocol.Tracker;

namespace P2PShare.TrackerHost.Tickets;

internal static class TicketEndpoints
{
    public static void MapTicketKeys(this IEndpointRouteBuilder routes) =>
        routes.MapGet(TrackerRoutes.TicketKeys, async (TicketKeys keys, CancellationToken cancellationToken) =>
                TypedResults.Text(await keys.ReadPublicAsync(cancellationToken), "application/jwk-set+json"))
            .AllowAnonymous()
            .WithTags("Tickets");
}
