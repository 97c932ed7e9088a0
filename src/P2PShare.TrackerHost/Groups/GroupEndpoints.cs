using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Hosting;

namespace P2PShare.TrackerHost.Groups;

internal static class GroupEndpoints
{
    public static void MapGroups(this IEndpointRouteBuilder routes)
    {
        var groups = routes.MapGroup("").WithTags("Groups").RequireAuthorization().ProducesProblem(StatusCodes.Status401Unauthorized);
        groups.MapPost(TrackerRoutes.Groups, async (CreateGroupRequest request, CurrentUser user, GroupStore store, CancellationToken cancellationToken) =>
            {
                var group = await store.CreateAsync(user, request.Name, cancellationToken);
                return TypedResults.Created(TrackerRoutes.Group(group.Name), group);
            })
            .Audited(AuditAct.GroupMade, call => call.Arguments.OfType<CreateGroupRequest>().Single().Name)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status409Conflict);
        groups.MapGet(TrackerRoutes.Groups, async (CurrentUser user, GroupStore store, CancellationToken cancellationToken) =>
            TypedResults.Ok(await store.ListAsync(user, cancellationToken)));
        groups.MapGet(TrackerRoutes.GroupTemplate, async (string group, CurrentUser user, GroupStore store, CancellationToken cancellationToken) =>
                TypedResults.Ok(await store.GetAsync(user, group, cancellationToken)))
            .ProducesProblem(StatusCodes.Status404NotFound);
        groups.MapDelete(
                TrackerRoutes.GroupTemplate,
                async (string group, CurrentUser user, GroupStore store, CancellationToken cancellationToken) =>
                {
                    await store.RemoveAsync(user, group, cancellationToken);
                    return TypedResults.NoContent();
                })
            .Audited(AuditAct.GroupRemoved)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status404NotFound);
        groups.MapPut(
                TrackerRoutes.GroupOwnerTemplate,
                async (string group, SetGroupOwnerRequest request, CurrentUser user, GroupStore store, CancellationToken cancellationToken) =>
                    TypedResults.Ok(await store.SetOwnerAsync(user, group, request.UserName, cancellationToken)))
            .Audited(AuditAct.GroupHandedOver, call => call.Arguments.OfType<SetGroupOwnerRequest>().Single().UserName)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status404NotFound);
        groups.MapGet(
                TrackerRoutes.MembersTemplate,
                async (string group, CurrentUser user, GroupStore store, CancellationToken cancellationToken) =>
                    TypedResults.Ok(await store.ListMembersAsync(user, group, cancellationToken)))
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status404NotFound);
        groups.MapDelete(
                TrackerRoutes.MemberTemplate,
                async (string group, string user, CurrentUser asker, GroupStore store, CancellationToken cancellationToken) =>
                {
                    await store.RemoveMemberAsync(asker, group, user, cancellationToken);
                    return TypedResults.NoContent();
                })
            .Audited(AuditAct.MemberRemoved)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);
    }
}
