using System.ComponentModel;
using Microsoft.AspNetCore.Mvc;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Http;
using P2PShare.TrackerHost.Observability;

namespace P2PShare.TrackerHost.Groups;

internal static class JoinRequestEndpoints
{
    public static void MapJoinRequests(this IEndpointRouteBuilder routes)
    {
        var routed = routes.MapGroup("").WithTags("Join requests").RequireAuthorization();
        routed.MapPost(TrackerRoutes.JoinRequestsTemplate, AskAsync)
            .Audited(AuditAct.JoinRequested)
            .Describe("askToJoin", "Asks to join a group.", ErrorCode.GroupNotFound, ErrorCode.AlreadyMember, ErrorCode.QuotaExceeded)
            .Produces<JoinRequestResponse>(StatusCodes.Status201Created)
            .Produces<JoinRequestResponse>(StatusCodes.Status200OK);
        routed.MapGet(
                TrackerRoutes.JoinRequestsTemplate,
                (string group, [AsParameters] PageRequest page, CurrentUser user, JoinRequestService requests, CancellationToken cancellationToken) =>
                    requests.ListAsync(user, group, page.Read(AccountName.Key), cancellationToken))
            .Describe(
                "listJoinRequests",
                "Lists the unanswered join requests of a group.",
                ErrorCode.PageSizeMissing,
                ErrorCode.InvalidRequest,
                ErrorCode.GroupNotFound,
                ErrorCode.NotOwner);
        routed.MapPost(
                TrackerRoutes.ApprovalTemplate,
                async (
                    string group,
                    string user,
                    [FromQuery(Name = TrackerRoutes.RoleParameter), Description("Reader, Publisher or Manager; the group's default if it is left out.")] string? role,
                    CurrentUser asker,
                    JoinRequestService requests,
                    CancellationToken cancellationToken) =>
                {
                    await requests.ApproveAsync(asker, group, user, ReadRole(role), cancellationToken);
                    return TypedResults.NoContent();
                })
            .Audited(AuditAct.JoinApproved)
            .Describe(
                "approveJoinRequest", "Makes a user who asked a member.",
                ErrorCode.InvalidRequest,
                ErrorCode.GroupNotFound,
                ErrorCode.NotOwner,
                ErrorCode.RoleTooLow,
                ErrorCode.JoinRequestNotFound,
                ErrorCode.QuotaExceeded);
        routed.MapDelete(
                TrackerRoutes.JoinRequestTemplate,
                async (string group, string user, CurrentUser asker, JoinRequestService requests, CancellationToken cancellationToken) =>
                {
                    await requests.DenyAsync(asker, group, user, cancellationToken);
                    return TypedResults.NoContent();
                })
            .Audited(AuditAct.JoinDenied)
            .Describe("denyJoinRequest", "Denies a join request, as the owner, or withdraws it.", ErrorCode.GroupNotFound, ErrorCode.NotOwner, ErrorCode.JoinRequestNotFound);
    }

    // By name alone: a number is no role's name.
    private static MemberRole? ReadRole(string? role) => role is null or "" ? null
        : Array.Find(Enum.GetValues<MemberRole>(), value => $"{value}" == role) is var named and not 0 ? named
        : throw PageRequest.Invalid(TrackerRoutes.RoleParameter, role, "Reader, Publisher or Manager was expected");

    private static async Task<IResult> AskAsync(string group, CurrentUser user, JoinRequestService requests, CancellationToken cancellationToken)
    {
        var (request, isNew) = await requests.AskAsync(user, group, cancellationToken);
        return isNew
            ? TypedResults.Created(TrackerRoutes.JoinRequest(request.Group, request.UserName), request)
            : TypedResults.Ok(request);
    }
}
