using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Http;
using P2PShare.TrackerHost.Observability;

namespace P2PShare.TrackerHost.Groups;

internal static class JoinRequestEndpoints
{
    public static void MapJoinRequests(this IEndpointRouteBuilder routes)
    {
        var routed = routes.MapGroup("").WithTags("Join requests").RequireAuthorization()
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status404NotFound);
        routed.MapPost(TrackerRoutes.JoinRequestsTemplate, AskAsync)
            .Audited(AuditAct.JoinRequested)
            .Produces<JoinRequestResponse>(StatusCodes.Status201Created)
            .Produces<JoinRequestResponse>(StatusCodes.Status200OK)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status409Conflict);
        routed.MapGet(
                TrackerRoutes.JoinRequestsTemplate,
                async (string group, CurrentUser user, JoinRequestService requests, CancellationToken cancellationToken) =>
                    TypedResults.Ok(await requests.ListAsync(user, group, cancellationToken)))
            .ProducesProblem(StatusCodes.Status403Forbidden);
        routed.MapPost(
                TrackerRoutes.ApprovalTemplate,
                async (string group, string user, CurrentUser asker, JoinRequestService requests, CancellationToken cancellationToken) =>
                {
                    await requests.ApproveAsync(asker, group, user, cancellationToken);
                    return TypedResults.NoContent();
                })
            .Audited(AuditAct.JoinApproved)
            .ProducesProblem(StatusCodes.Status403Forbidden);
        routed.MapDelete(
                TrackerRoutes.JoinRequestTemplate,
                async (string group, string user, CurrentUser asker, JoinRequestService requests, CancellationToken cancellationToken) =>
                {
                    await requests.DenyAsync(asker, group, user, cancellationToken);
                    return TypedResults.NoContent();
                })
            .Audited(AuditAct.JoinDenied)
            .ProducesProblem(StatusCodes.Status403Forbidden);
    }

    private static async Task<IResult> AskAsync(string group, CurrentUser user, JoinRequestService requests, CancellationToken cancellationToken)
    {
        var (request, isNew) = await requests.AskAsync(user, group, cancellationToken);
        return isNew
            ? TypedResults.Created(TrackerRoutes.JoinRequest(request.Group, request.UserName), request)
            : TypedResults.Ok(request);
    }
}
