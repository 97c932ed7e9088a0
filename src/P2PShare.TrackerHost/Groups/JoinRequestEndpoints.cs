using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Hosting;

namespace P2PShare.TrackerHost.Groups;

internal static class JoinRequestEndpoints
{
    public static void MapJoinRequests(this IEndpointRouteBuilder routes)
    {
        var requests = routes.MapGroup("").WithTags("Join requests").RequireAuthorization()
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status404NotFound);
        requests.MapPost(TrackerRoutes.JoinRequestsTemplate, AskAsync)
            .Audited(AuditAct.JoinRequested)
            .Produces<JoinRequestResponse>(StatusCodes.Status201Created)
            .Produces<JoinRequestResponse>(StatusCodes.Status200OK)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status409Conflict);
        requests.MapGet(
                TrackerRoutes.JoinRequestsTemplate,
                async (string group, CurrentUser user, GroupStore store, CancellationToken cancellationToken) =>
                    TypedResults.Ok(await store.ListRequestsAsync(user, group, cancellationToken)))
            .ProducesProblem(StatusCodes.Status403Forbidden);
        requests.MapPost(
                TrackerRoutes.ApprovalTemplate,
                async (string group, string user, CurrentUser asker, GroupStore store, CancellationToken cancellationToken) =>
                {
                    await store.ApproveAsync(asker, group, user, cancellationToken);
                    return TypedResults.NoContent();
                })
            .Audited(AuditAct.JoinApproved)
            .ProducesProblem(StatusCodes.Status403Forbidden);
        requests.MapDelete(
                TrackerRoutes.JoinRequestTemplate,
                async (string group, string user, CurrentUser asker, GroupStore store, CancellationToken cancellationToken) =>
                {
                    await store.DenyAsync(asker, group, user, cancellationToken);
                    return TypedResults.NoContent();
                })
            .Audited(AuditAct.JoinDenied)
            .ProducesProblem(StatusCodes.Status403Forbidden);
    }

    private static async Task<IResult> AskAsync(string group, CurrentUser user, GroupStore store, CancellationToken cancellationToken)
    {
        var (request, isNew) = await store.RequestToJoinAsync(user, group, cancellationToken);
        return isNew
            ? TypedResults.Created(TrackerRoutes.JoinRequest(request.Group, request.UserName), request)
            : TypedResults.Ok(request);
    }
}
