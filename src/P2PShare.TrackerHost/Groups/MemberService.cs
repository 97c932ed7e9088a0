using System.Data.Common;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Events;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Groups;

/// <summary>The rules of roles: who makes whom a member, and with which role. Nobody gives, changes or ends a role that is not below their own.</summary>
internal sealed class MemberService(TrackerDatabase database, GroupOptions options, TimeProvider clock)
{
    // Each of them receives every join request.
    private const int MaxManagers = 100;

    /// <summary>Makes a user a member who did not ask; a join request is answered by it.</summary>
    /// <param name="role">Null: the group's default.</param>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.GroupNotFound"/>, <see cref="ErrorCode.NotOwner"/>, <see cref="ErrorCode.RoleTooLow"/>, <see cref="ErrorCode.UserNotFound"/>,
    /// <see cref="ErrorCode.AlreadyMember"/>, <see cref="ErrorCode.InvalidRequest"/> or <see cref="ErrorCode.QuotaExceeded"/>.
    /// </exception>
    public Task<MemberResponse> AddAsync(CurrentUser user, string group, string member, MemberRole? role, CancellationToken cancellationToken) => database.WriteAsync(
        [WriteLock.User(user.Name), WriteLock.User(member), WriteLock.Group(group)],
        async connection =>
        {
            var membership = await Membership.RequireManagerAsync(connection, group, user, "add members");
            // Only a valid name is looked up: PostgreSQL refuses text with a zero in it.
            var id = AccountName.FindProblem(member) is null ? await MemberStore.FindUserAsync(connection, member) : null;
            if (id is not { } found)
            {
                throw new P2PShareException(ErrorCode.UserNotFound, $"There is no user called '{PrintableCharacter.Clean(member)}' at this tracker.");
            }

            if (await MemberStore.FindAsync(connection, membership.GroupId, found) is { } before)
            {
                throw new P2PShareException(ErrorCode.AlreadyMember, $"'{before.UserName}' is a member of '{membership.GroupName}' already: to change the role, set it.");
            }

            await JoinRequestStore.RemoveAsync(connection, membership.GroupId, member);
            return await AddAsync(connection, membership, found, role, options, clock.GetUtcNow());
        },
        cancellationToken);

    /// <summary>Gives a member another role. Who may publish no longer shares nothing from then on.</summary>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.GroupNotFound"/>, <see cref="ErrorCode.NotOwner"/>, <see cref="ErrorCode.RoleTooLow"/>, <see cref="ErrorCode.MemberNotFound"/>,
    /// <see cref="ErrorCode.InvalidRequest"/> or <see cref="ErrorCode.QuotaExceeded"/>.
    /// </exception>
    public async Task<MemberResponse> SetRoleAsync(CurrentUser user, string group, string member, MemberRole role, CancellationToken cancellationToken)
    {
        var (response, ended) = await database.WriteAsync(
            [WriteLock.User(user.Name), WriteLock.User(member), WriteLock.Group(group)],
            async connection =>
            {
                var membership = await Membership.RequireManagerAsync(connection, group, user, "set roles");
                var id = AccountName.FindProblem(member) is null ? await MemberStore.FindUserAsync(connection, member) : null;
                var found = (id is { } known ? await MemberStore.FindAsync(connection, membership.GroupId, known) : null)
                    ?? throw GroupService.MemberNotFound(member, membership);
                RequireAbove(membership, membership.RoleOf(found.Id, found.Role), $"change the role of '{found.UserName}'");
                await CheckAsync(connection, membership, role);
                await MemberStore.SetRoleAsync(connection, membership.GroupId, found.Id, role);
                var hasMore = false;
                if (role < MemberRole.Publisher && found.Role >= (long)MemberRole.Publisher)
                {
                    // What the member shares goes as that of a former member does; what the member holds stays.
                    var now = clock.GetUtcNow();
                    await EndedMembershipStore.AddAsync(connection, membership.GroupId, found.Id, found.UserName, now);
                    hasMore = await EndedMembershipStore.SweepAsync(connection, membership.GroupId, found.Id, now);
                }

                return (ToResponse(membership, found with { Role = (long)role }), (membership.GroupId, found.Id, hasMore));
            },
            cancellationToken);
        await GroupService.SweepAsync(database, clock, group, ended);
        return response;
    }

    /// <summary>Adds a member with a role that the caller may give.</summary>
    /// <param name="role">Null: the group's default.</param>
    public static async Task<MemberResponse> AddAsync(
        DbConnection connection, Membership membership, long member, MemberRole? role, GroupOptions options, DateTimeOffset now)
    {
        var given = role ?? (MemberRole)membership.DefaultRole;
        await CheckAsync(connection, membership, given);
        await MemberStore.AddAsync(connection, membership.GroupId, member, given, now);
        await QuotaStore.CheckMembersAsync(connection, membership.GroupId, membership.GroupName, options.MembersPerGroup);
        var added = (await MemberStore.FindAsync(connection, membership.GroupId, member))!.Value;
        await EventStore.AddForMembersAsync(connection, GroupEventKind.JoinApproved, membership.GroupId, added.UserName, now);
        return ToResponse(membership, added);
    }

    public static MemberResponse ToResponse(Membership membership, (long Id, string UserName, long Joined, long Role) row) => new(
        membership.GroupName,
        row.UserName,
        row.Id == membership.OwnerId ? GroupRole.Owner : GroupRole.Member,
        DateTimeOffset.FromUnixTimeSeconds(row.Joined),
        membership.RoleOf(row.Id, row.Role));

    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidRequest"/>: it is none that a member can be given.</exception>
    public static void CheckRole(MemberRole role)
    {
        if (role is < MemberRole.Reader or > MemberRole.Manager)
        {
            throw new P2PShareException(
                ErrorCode.InvalidRequest,
                role == MemberRole.Owner
                    ? "A group has one owner: hand it over to make another member the owner. Reader, Publisher or Manager was expected."
                    : "Reader, Publisher or Manager was expected as the role.");
        }
    }

    /// <exception cref="P2PShareException"><see cref="ErrorCode.RoleTooLow"/>.</exception>
    public static void RequireAbove(Membership membership, MemberRole other, string action)
    {
        if (membership.Role <= other)
        {
            throw new P2PShareException(
                ErrorCode.RoleTooLow, $"Only a member of '{membership.GroupName}' with a role above {other} can {action}, and yours is {membership.Role}.");
        }
    }

    private static async Task CheckAsync(DbConnection connection, Membership membership, MemberRole role)
    {
        CheckRole(role);
        RequireAbove(membership, role, $"make others {role}");
        if (role == MemberRole.Manager)
        {
            await QuotaStore.CheckManagersAsync(connection, membership.GroupId, membership.GroupName, MaxManagers);
        }
    }
}
