using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Http;
using P2PShare.TrackerHost.Observability;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Groups;

internal static class GroupEndpoints
{
    public static void MapGroups(this IEndpointRouteBuilder routes)
    {
        var routed = routes.MapGroup("").WithTags("Groups").RequireAuthorization().ProducesProblem(StatusCodes.Status401Unauthorized);
        routed.MapPost(TrackerRoutes.Groups, async (CreateGroupRequest request, CurrentUser user, GroupService groups, CancellationToken cancellationToken) =>
            {
                var group = await groups.CreateAsync(user, request.Name, cancellationToken);
                return TypedResults.Created(TrackerRoutes.Group(group.Name), group);
            })
            .Audited(AuditAct.GroupMade, call => call.Arguments.OfType<CreateGroupRequest>().Single().Name)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status409Conflict);
        routed.MapGet(TrackerRoutes.Groups, async (CurrentUser user, TrackerDatabase database, CancellationToken cancellationToken) =>
            TypedResults.Ok(await database.ReadAsync(connection => GroupStore.ListAsync(connection, user), cancellationToken)));
        routed.MapGet(TrackerRoutes.GroupTemplate, async (string group, CurrentUser user, TrackerDatabase database, CancellationToken cancellationToken) =>
                TypedResults.Ok(await database.ReadAsync(connection => GroupStore.GetAsync(connection, user, group), cancellationToken)))
            .ProducesProblem(StatusCodes.Status404NotFound);
        routed.MapDelete(
                TrackerRoutes.GroupTemplate,
                async (string group, CurrentUser user, GroupService groups, CancellationToken cancellationToken) =>
                {
                    await groups.RemoveAsync(user, group, cancellationToken);
                    return TypedResults.NoContent();
                })
            .Audited(AuditAct.GroupRemoved)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status404NotFound);
        routed.MapPut(
                TrackerRoutes.GroupOwnerTemplate,
                async (string group, SetGroupOwnerRequest request, CurrentUser user, GroupService groups, CancellationToken cancellationToken) =>
                    TypedResults.Ok(await groups.SetOwnerAsync(user, group, request.UserName, cancellationToken)))
            .Audited(AuditAct.GroupHandedOver, call => call.Arguments.OfType<SetGroupOwnerRequest>().Single().UserName)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status404NotFound);
        routed.MapGet(
                TrackerRoutes.MembersTemplate,
                async (string group, CurrentUser user, GroupService groups, CancellationToken cancellationToken) =>
                    TypedResults.Ok(await groups.ListMembersAsync(user, group, cancellationToken)))
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status404NotFound);
        routed.MapDelete(
                TrackerRoutes.MemberTemplate,
                async (string group, string user, CurrentUser asker, GroupService groups, CancellationToken cancellationToken) =>
                {
                    await groups.RemoveMemberAsync(asker, group, user, cancellationToken);
                    return TypedResults.NoContent();
                })
            .Audited(AuditAct.MemberRemoved)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);
    }
}
