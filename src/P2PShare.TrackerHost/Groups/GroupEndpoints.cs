using System.ComponentModel;
using Microsoft.AspNetCore.Mvc;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
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
        var routed = routes.MapGroup("").WithTags("Groups").RequireAuthorization();
        routed.MapPost(TrackerRoutes.Groups, async (CreateGroupRequest request, CurrentUser user, GroupService groups, CancellationToken cancellationToken) =>
            {
                var group = await groups.CreateAsync(user, request, cancellationToken);
                return TypedResults.Created(TrackerRoutes.Group(group.Name), group);
            })
            .Audited(AuditAct.GroupMade, call => call.Arguments.OfType<CreateGroupRequest>().Single().Name)
            .Describe("createGroup", "Creates a group that the caller owns.", ErrorCode.InvalidGroupName, ErrorCode.InvalidRequest, ErrorCode.GroupNameTaken, ErrorCode.QuotaExceeded);
        routed.MapGet(TrackerRoutes.Groups, ListAsync)
            .Describe(
                "listGroups",
                "Lists the groups that are listed, and those that the caller is in or has asked to join, with the caller's role in each.",
                ErrorCode.PageSizeMissing,
                ErrorCode.InvalidRequest);
        routed.MapGet(TrackerRoutes.GroupTemplate, async (string group, CurrentUser user, TrackerDatabase database, CancellationToken cancellationToken) =>
                TypedResults.Ok(await database.ReadAsync(connection => GroupStore.GetAsync(connection, user, group), cancellationToken)))
            .Describe("getGroup", "Returns a group, with the caller's role in it.", ErrorCode.GroupNotFound);
        routed.MapDelete(
                TrackerRoutes.GroupTemplate,
                async (string group, CurrentUser user, GroupService groups, CancellationToken cancellationToken) =>
                {
                    await groups.RemoveAsync(user, group, cancellationToken);
                    return TypedResults.NoContent();
                })
            .Audited(AuditAct.GroupRemoved)
            .Describe("deleteGroup", "Deletes a group and all that is in it.", ErrorCode.GroupNotFound, ErrorCode.NotOwner);
        routed.MapPut(
                TrackerRoutes.GroupOwnerTemplate,
                async (string group, SetGroupOwnerRequest request, CurrentUser user, GroupService groups, CancellationToken cancellationToken) =>
                    TypedResults.Ok(await groups.SetOwnerAsync(user, group, request.UserName, cancellationToken)))
            .Audited(AuditAct.GroupHandedOver, call => call.Arguments.OfType<SetGroupOwnerRequest>().Single().UserName)
            .Describe(
                "setGroupOwner", "Hands a group over to another member.", ErrorCode.GroupNotFound, ErrorCode.NotOwner, ErrorCode.MemberNotFound, ErrorCode.QuotaExceeded);
        routed.MapGet(
                TrackerRoutes.MembersTemplate,
                (string group, [AsParameters] PageRequest page, CurrentUser user, GroupService groups, CancellationToken cancellationToken) =>
                    groups.ListMembersAsync(user, group, page.Read(AccountName.Key), cancellationToken))
            .Describe(
                "listMembers", "Lists the members of a group.", ErrorCode.PageSizeMissing, ErrorCode.InvalidRequest, ErrorCode.GroupNotFound, ErrorCode.NotMember);
        routed.MapDelete(
                TrackerRoutes.MemberTemplate,
                async (string group, string user, CurrentUser asker, GroupService groups, CancellationToken cancellationToken) =>
                {
                    await groups.RemoveMemberAsync(asker, group, user, cancellationToken);
                    return TypedResults.NoContent();
                })
            .Audited(AuditAct.MemberRemoved)
            .Describe(
                "removeMember",
                "Removes a member whose role is below the caller's, as the owner or a manager, or leaves the group.",
                ErrorCode.GroupNotFound,
                ErrorCode.NotOwner,
                ErrorCode.RoleTooLow,
                ErrorCode.NotMember,
                ErrorCode.MemberNotFound,
                ErrorCode.OwnerCannotLeave);
    }

    /// <summary>Adding members, and their roles.</summary>
    public static void MapMembers(this IEndpointRouteBuilder routes)
    {
        var routed = routes.MapGroup("").WithTags("Groups").RequireAuthorization();
        routed.MapPut(
                TrackerRoutes.MemberTemplate,
                async (string group, string user, AddMemberRequest request, CurrentUser asker, MemberService members, CancellationToken cancellationToken) =>
                    TypedResults.Ok(await members.AddAsync(asker, group, user, request.Role, cancellationToken)))
            .Audited(AuditAct.MemberAdded)
            .Describe(
                "addMember",
                "Makes a user a member who did not ask, as the owner or a manager.",
                ErrorCode.InvalidRequest,
                ErrorCode.GroupNotFound,
                ErrorCode.NotOwner,
                ErrorCode.RoleTooLow,
                ErrorCode.UserNotFound,
                ErrorCode.AlreadyMember,
                ErrorCode.QuotaExceeded);
        routed.MapPut(
                TrackerRoutes.MemberRoleTemplate,
                async (string group, string user, SetMemberRoleRequest request, CurrentUser asker, MemberService members, CancellationToken cancellationToken) =>
                    TypedResults.Ok(await members.SetRoleAsync(asker, group, user, request.Role, cancellationToken)))
            .Audited(AuditAct.RoleSet)
            .Describe(
                "setMemberRole",
                "Gives a member another role, as the owner or a manager. What a member shares who becomes a reader is no file of the group any more, unless another shares it.",
                ErrorCode.InvalidRequest,
                ErrorCode.GroupNotFound,
                ErrorCode.NotOwner,
                ErrorCode.RoleTooLow,
                ErrorCode.MemberNotFound,
                ErrorCode.QuotaExceeded);
    }

    private static Task<ListPage<GroupResponse>> ListAsync(
        [AsParameters] PageRequest page,
        [FromQuery(Name = ListQuery.MineParameter), Description("true: only groups that the caller is in or has asked to join.")] string? mine,
        CurrentUser user,
        TrackerDatabase database,
        CancellationToken cancellationToken)
    {
        var range = page.Read(AccountName.Key);
        var isMine = mine switch
        {
            null or "" or "false" => false,
            "true" => true,
            _ => throw PageRequest.Invalid(ListQuery.MineParameter, mine, "true or false was expected"),
        };
        return database.ReadAsync(connection => GroupStore.ListAsync(connection, user, range, isMine), cancellationToken);
    }
}
