using System.Net;
using Microsoft.AspNetCore.Mvc;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Hosting;

namespace P2PShare.TrackerHost.Peers;

internal static class PeerEndpoints
{
    // The most holdings with the longest group names, added and removed in one request.
    private const int MaxAnnounceBody = 2 * TrackerApplication.MaxRequestBody;

    public static void MapPeers(this IEndpointRouteBuilder routes)
    {
        var peers = routes.MapGroup("").WithTags("Peers").RequireAuthorization()
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status401Unauthorized);
        peers.MapPost(TrackerRoutes.Peers, async (AnnounceRequest request, HttpContext context, CurrentUser user, PeerStore store) =>
                TypedResults.Ok(await store.AnnounceAsync(user, context.RemoteAddress(), Check(request), request, context.RequestAborted)))
            .WithMetadata(new RequestSizeLimitAttribute(MaxAnnounceBody))
            .Count(RateLimit.Announces);
        peers.MapGet(
                TrackerRoutes.GroupPeersTemplate,
                async (string group, CurrentUser user, PeerStore store, CancellationToken cancellationToken) =>
                    TypedResults.Ok(await store.ListAsync(user, group, cancellationToken)))
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status404NotFound);
        peers.MapDelete(TrackerRoutes.PeerTemplate, async (string fingerprint, CurrentUser user, PeerStore store, CancellationToken cancellationToken) =>
        {
            await store.RemoveAsync(user, ParseFingerprint(fingerprint), cancellationToken);
            return TypedResults.NoContent();
        });
    }

    public static void MapSources(this IEndpointRouteBuilder routes) => routes
        .MapPost(
            TrackerRoutes.SourcesTemplate,
            async (string group, SourcesRequest request, CurrentUser user, PeerStore store, CancellationToken cancellationToken) =>
            {
                if (request.PiecesRoots.Count is 0 or > SourcesRequest.MaxContents)
                {
                    throw Invalid($"piecesRoots has {request.PiecesRoots.Count} entries: 1 to {SourcesRequest.MaxContents} were expected.");
                }

                return TypedResults.Ok(await store.FindSourcesAsync(user, group, request, cancellationToken));
            })
        .RequireAuthorization()
        .WithTags("Peers")
        .ProducesProblem(StatusCodes.Status400BadRequest)
        .ProducesProblem(StatusCodes.Status401Unauthorized)
        .ProducesProblem(StatusCodes.Status403Forbidden)
        .ProducesProblem(StatusCodes.Status404NotFound);

    /// <returns>The peer's own addresses.</returns>
    private static List<IPAddress> Check(AnnounceRequest request)
    {
        if (request.Port is < IPEndPoint.MinPort or > IPEndPoint.MaxPort)
        {
            throw Invalid($"port is {request.Port}: 0 to {IPEndPoint.MaxPort} was expected.");
        }

        if (request.Holdings.Count > AnnounceRequest.MaxHoldings || request.Removed.Count > AnnounceRequest.MaxHoldings)
        {
            throw Invalid($"holdings and removed have {request.Holdings.Count} and {request.Removed.Count} entries: at most {AnnounceRequest.MaxHoldings} each were expected. Send the rest in further requests that are not full.");
        }

        return [.. request.Addresses.Select(text => IPAddress.TryParse(text, out var address)
            ? address
            : throw Invalid($"'{PrintableCharacter.Clean(text)}' in addresses is not an IP address."))];
    }

    private static Hash256 ParseFingerprint(string text) => Hash256.TryParse(text, out var fingerprint)
        ? fingerprint
        : throw Invalid($"'{PrintableCharacter.Clean(text)}' is not a fingerprint: 64 hexadecimal digits were expected.");

    private static P2PShareException Invalid(string message) => new(ErrorCode.InvalidRequest, message);
}
