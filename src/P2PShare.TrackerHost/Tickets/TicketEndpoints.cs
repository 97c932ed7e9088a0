using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Http;

namespace P2PShare.TrackerHost.Tickets;

internal static class TicketEndpoints
{
    private const string ContentType = "application/jwk-set+json";

    public static void MapTicketKeys(this IEndpointRouteBuilder routes) =>
        routes.MapGet(TrackerRoutes.TicketKeys, async (TicketKeys keys, CancellationToken cancellationToken) =>
                TypedResults.Text(await keys.ReadPublicAsync(cancellationToken), ContentType))
            .AllowAnonymous()
            .WithTags("Tickets")
            .Describe("getTicketKeys", "Returns the public keys that check tickets.")
            .Produces<PublicKeySet>(StatusCodes.Status200OK, ContentType);

    /// <summary>A JSON Web Key Set (RFC 7517), for the description alone.</summary>
    private sealed record PublicKeySet(IReadOnlyList<PublicKey> Keys);

    private sealed record PublicKey(string Kty, string Crv, string X, string Y, string Use, string Alg, string Kid);
}
