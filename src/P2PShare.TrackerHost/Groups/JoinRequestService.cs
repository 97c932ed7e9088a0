using System.Data.Common;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Events;
using P2PShare.TrackerHost.Http;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Groups;

/// <summary>The rules of join requests: users ask, the owner or a manager approves or denies.</summary>
internal sealed class JoinRequestService(TrackerDatabase database, GroupOptions options, TimeProvider clock)
{
    /// <returns>The request, and whether it is a new one.</returns>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.GroupNotFound"/>, <see cref="ErrorCode.AlreadyMember"/> or <see cref="ErrorCode.QuotaExceeded"/>.
    /// </exception>
    public Task<(JoinRequestResponse Request, bool IsNew)> AskAsync(CurrentUser user, string group, CancellationToken cancellationToken) =>
        database.WriteAsync(
            [WriteLock.User(user.Name), WriteLock.Group(group)],
            async connection =>
            {
                await SessionService.RequireAsync(connection, user);
                var membership = await Membership.GetAsync(connection, group, user);
                if (membership.IsMember)
                {
                    throw new P2PShareException(ErrorCode.AlreadyMember, $"You are a member of '{membership.GroupName}' already.");
                }

                var now = clock.GetUtcNow();
                var isNew = await JoinRequestStore.AddAsync(connection, membership.GroupId, user.Id, now);
                if (isNew)
                {
                    await QuotaStore.CheckJoinRequestsAsync(connection, user.Id, options.JoinRequestsPerUser);
                    await EventStore.AddForOwnerAsync(connection, GroupEventKind.JoinRequest, membership.GroupId, user.Name, now);
                }

                var requested = await JoinRequestStore.GetTimeAsync(connection, membership.GroupId, user.Id);
                return (new JoinRequestResponse(membership.GroupName, user.Name, DateTimeOffset.FromUnixTimeSeconds(requested)), isNew);
            },
            cancellationToken);

    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/> or <see cref="ErrorCode.NotOwner"/>.</exception>
    // Not compressible: anybody may ask to join, and not see who else does.
    public Task<ListPage<JoinRequestResponse>> ListAsync(CurrentUser user, string group, PageRange page, CancellationToken cancellationToken) => database.ReadAsync(
        async connection =>
        {
            var membership = await Membership.RequireManagerAsync(connection, group, user, "see who asks to join");
            return page.ToPage(
                await JoinRequestStore.ListAsync(connection, membership.GroupId, page),
                row => new JoinRequestResponse(membership.GroupName, row.UserName, DateTimeOffset.FromUnixTimeSeconds(row.Requested)),
                request => request.UserName);
        },
        cancellationToken);

    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.GroupNotFound"/>, <see cref="ErrorCode.NotOwner"/>, <see cref="ErrorCode.JoinRequestNotFound"/> or
    /// <see cref="ErrorCode.QuotaExceeded"/>.
    /// </exception>
    public Task ApproveAsync(CurrentUser user, string group, string asker, MemberRole? role, CancellationToken cancellationToken) => database.WriteAsync(
        [WriteLock.User(user.Name), WriteLock.User(asker), WriteLock.Group(group)],
        async connection =>
        {
            var membership = await Membership.RequireManagerAsync(connection, group, user, "approve a join request");
            var (id, _) = await TakeAsync(connection, membership, asker);
            await MemberService.AddAsync(connection, membership, id, role, options, clock.GetUtcNow());
        },
        cancellationToken);

    /// <summary>Denies a request, as the owner or a manager, or withdraws one's own.</summary>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.GroupNotFound"/>, <see cref="ErrorCode.NotOwner"/> or <see cref="ErrorCode.JoinRequestNotFound"/>.
    /// </exception>
    public Task DenyAsync(CurrentUser user, string group, string asker, CancellationToken cancellationToken) => database.WriteAsync(
        [WriteLock.User(user.Name), WriteLock.User(asker), WriteLock.Group(group)],
        async connection =>
        {
            var membership = AccountName.Key(asker) == AccountName.Key(user.Name)
                ? await Membership.GetAsync(connection, group, user)
                : await Membership.RequireManagerAsync(connection, group, user, "deny another's join request");
            var (id, name) = await TakeAsync(connection, membership, asker);
            var now = clock.GetUtcNow();
            await EventStore.AddForOwnerAsync(connection, GroupEventKind.JoinDenied, membership.GroupId, name, now);
            await EventStore.AddForUserAsync(connection, GroupEventKind.JoinDenied, membership.GroupId, id, name, now);
        },
        cancellationToken);

    private static async Task<(long Id, string Name)> TakeAsync(DbConnection connection, Membership membership, string asker)
    {
        var id = await JoinRequestStore.RemoveAsync(connection, membership.GroupId, asker)
            ?? throw new P2PShareException(
                ErrorCode.JoinRequestNotFound,
                $"'{PrintableCharacter.Clean(asker)}' does not ask to join '{membership.GroupName}': the request was answered or withdrawn, or never made.");
        return (id, await MemberStore.GetUserNameAsync(connection, id));
    }
}
