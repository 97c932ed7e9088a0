using System.Net;
using Microsoft.AspNetCore.Mvc;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Http;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Peers;

internal static class PeerEndpoints
{
    // The most holdings with the longest group names, added and removed in one request.
    private const int MaxAnnounceBody = 2 * ConnectionLimits.MaxRequestBody;

    private const int ItemsForOnePermit = 16;

    public static void MapPeers(this IEndpointRouteBuilder routes)
    {
        var routed = routes.MapGroup("").WithTags("Peers").RequireAuthorization();
        routed.MapPost(TrackerRoutes.Peers, async (AnnounceRequest request, HttpContext context, CurrentUser user, PeerService peers) =>
                TypedResults.Ok(await peers.AnnounceAsync(user, context.RemoteAddress(), Check(request), request, context.RequestAborted)))
            .WithMetadata(new RequestSizeLimitAttribute(MaxAnnounceBody))
            .RequireRateLimiting(RateLimit.Announces)
            .Charge<AnnounceRequest>(request => (request.Holdings.Count + request.Removed.Count) / ItemsForOnePermit)
            .Describe("announce", "Announces a peer and what it holds.", ErrorCode.InvalidRequest, ErrorCode.QuotaExceeded);
        routed.MapGet(
                TrackerRoutes.GroupPeersTemplate,
                (string group, [AsParameters] PageRequest page, CurrentUser user, PeerService peers, CancellationToken cancellationToken) =>
                    peers.ListAsync(user, group, page.Read(AccountName.Key), cancellationToken))
            .Describe(
                "listPeers",
                "Lists the peers online that offer something in a group.",
                ErrorCode.PageSizeMissing,
                ErrorCode.InvalidRequest,
                ErrorCode.GroupNotFound,
                ErrorCode.NotMember);
        routed.MapDelete(TrackerRoutes.PeerTemplate, async (string fingerprint, CurrentUser user, TrackerDatabase database, CancellationToken cancellationToken) =>
        {
            // A peer that is not there is removed already.
            var parsed = ParseFingerprint(fingerprint);
            await database.WritePresenceAsync(connection => PeerStore.RemoveAsync(connection, user.Id, parsed), cancellationToken);
            return TypedResults.NoContent();
        })
            .Describe("removePeer", "Removes a peer of the caller's.", ErrorCode.InvalidRequest);
    }

    public static void MapSources(this IEndpointRouteBuilder routes) => routes
        .MapPost(
            TrackerRoutes.SourcesTemplate,
            async (string group, SourcesRequest request, CurrentUser user, PeerService peers, CancellationToken cancellationToken) =>
            {
                if (request.PiecesRoots.Count == 0)
                {
                    throw Invalid($"piecesRoots is empty: 1 to {SourcesRequest.MaxContents} items were expected.");
                }

                return TypedResults.Ok(await peers.FindSourcesAsync(user, group, request, cancellationToken));
            })
        .RequireAuthorization()
        .WithTags("Peers")
        .WithMetadata(new WorkLimits.SendsList())
        .Charge<SourcesRequest>(request => request.PiecesRoots.Count / ItemsForOnePermit)
        .Describe("findSources", "Finds the sources of contents, with a ticket for them.", ErrorCode.InvalidRequest, ErrorCode.GroupNotFound, ErrorCode.NotMember, ErrorCode.FileNotFound);

    /// <returns>The peer's own addresses.</returns>
    private static List<IPAddress> Check(AnnounceRequest request)
    {
        if (request.Port is < IPEndPoint.MinPort or > IPEndPoint.MaxPort)
        {
            throw Invalid($"port is {request.Port}: 0 to {IPEndPoint.MaxPort} was expected.");
        }

        return [.. request.Addresses.Select(text => IPAddress.TryParse(text, out var address)
            ? address
            : throw Invalid($"'{PrintableCharacter.Clean(text)}' in addresses is not an IP address."))];
    }

    public static Hash256 ParseFingerprint(string text) => Hash256.TryParse(text, out var fingerprint)
        ? fingerprint
        : throw Invalid($"'{PrintableCharacter.Clean(text)}' is not a fingerprint: 64 hexadecimal digits were expected.");

    private static P2PShareException Invalid(string message) => new(ErrorCode.InvalidRequest, message);
}
