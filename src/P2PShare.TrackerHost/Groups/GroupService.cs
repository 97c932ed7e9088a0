using System.Data.Common;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Events;
using P2PShare.TrackerHost.Files;
using P2PShare.TrackerHost.Http;
using P2PShare.TrackerHost.Peers;
using P2PShare.TrackerHost.Storage;
using P2PShare.TrackerHost.Tickets;

namespace P2PShare.TrackerHost.Groups;

/// <summary>The rules of groups and their members.</summary>
internal sealed class GroupService(TrackerDatabase database, GroupOptions options, TimeProvider clock)
{
    // The client waits for the answer, and would repeat the request.
    private static readonly TimeSpan MaxSweepTime = TimeSpan.FromSeconds(5);

    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.InvalidGroupName"/>, <see cref="ErrorCode.GroupNameTaken"/> or <see cref="ErrorCode.QuotaExceeded"/>.
    /// </exception>
    public async Task<GroupResponse> CreateAsync(CurrentUser user, CreateGroupRequest request, CancellationToken cancellationToken)
    {
        var name = request.Name;
        AccountName.CheckGroup(name);
        var defaultRole = request.DefaultRole ?? MemberRole.Publisher;
        MemberService.CheckRole(defaultRole);
        var now = clock.GetUtcNow();
        var guid = Guid.NewGuid();
        return await database.WriteAsync(
            [WriteLock.User(user.Name), WriteLock.Group(name)],
            async connection =>
            {
                await SessionService.RequireAsync(connection, user);
                var group = await GroupStore.AddAsync(connection, guid, name, user.Id, request.Listed, defaultRole, now)
                    ?? throw new P2PShareException(ErrorCode.GroupNameTaken, $"A group called '{name}' exists already: choose another name, or ask to join it.");
                await MemberStore.AddAsync(connection, group, user.Id, MemberRole.Publisher, now);
                await QuotaStore.CheckGroupsAsync(connection, user.Id, user.Name, options.GroupsPerUser);
                return new GroupResponse(
                    guid, name, user.Name, MemberCount: 1, GroupRole.Owner, DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds()), request.Listed, MemberRole.Owner, defaultRole);
            },
            cancellationToken);
    }

    /// <summary>
    /// Deletes a group and all that is in it. The group is gone, its name is free and its tickets are revoked with one short write; what was in it may be much, and is
    /// removed some at a time, each part in a write of its own.
    /// </summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/> or <see cref="ErrorCode.NotOwner"/>.</exception>
    public async Task RemoveAsync(CurrentUser user, string group, CancellationToken cancellationToken)
    {
        var removed = await EndAsync(user, group, cancellationToken);
        using var slow = new CancellationTokenSource(MaxSweepTime, clock);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, slow.Token);
        try
        {
            await GroupRemoval.CompleteAsync(database, removed, patience.Token);
        }
        catch (Exception e) when (e is P2PShareException or OperationCanceledException)
        {
            // The group is deleted, whatever became of its rows: a purge removes what is left.
        }
    }

    /// <summary>The first write of a deletion.</summary>
    /// <returns>The number of the group's row.</returns>
    /// <inheritdoc cref="RemoveAsync" path="/exception"/>
    public Task<long> EndAsync(CurrentUser user, string group, CancellationToken cancellationToken) => database.WriteAsync(
        [WriteLock.User(user.Name), WriteLock.Group(group)],
        async connection =>
        {
            var membership = await Membership.RequireOwnerAsync(connection, group, user, "delete it");
            var now = clock.GetUtcNow();
            var revocation = await RevocationStore.AddGroupAsync(connection, membership.GroupId, now);
            await EventStore.AddRemovalAsync(connection, membership.GroupId, revocation, user.Name, now);
            await GroupStore.EndAsync(connection, membership.GroupId, revocation);
            return membership.GroupId;
        },
        cancellationToken);

    /// <summary>Hands a group over to another member; the former owner stays a member, as a publisher.</summary>
    /// <returns>The group as it is now.</returns>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.GroupNotFound"/>, <see cref="ErrorCode.NotOwner"/>, <see cref="ErrorCode.MemberNotFound"/> or
    /// <see cref="ErrorCode.QuotaExceeded"/> of the new owner.
    /// </exception>
    public Task<GroupResponse> SetOwnerAsync(CurrentUser user, string group, string owner, CancellationToken cancellationToken) => database.WriteAsync(
        [WriteLock.User(user.Name), WriteLock.User(owner), WriteLock.Group(group)],
        async connection =>
        {
            var membership = await Membership.RequireOwnerAsync(connection, group, user, "hand it over");
            var newOwner = await GroupStore.SetOwnerAsync(connection, membership.GroupId, owner)
                ?? throw MemberNotFound(owner, membership, ": only a member can become its owner");
            var now = await GroupStore.GetAsync(connection, user, group);
            if (now.Role != GroupRole.Owner)
            {
                // Who was a reader before and owned the group since may have shared much.
                await MemberStore.SetRoleAsync(connection, membership.GroupId, user.Id, MemberRole.Publisher);
                now = now with { MemberRole = MemberRole.Publisher };
                await QuotaStore.CheckGroupsAsync(connection, newOwner, now.Owner, options.GroupsPerUser);
                await EventStore.AddForMembersAsync(connection, GroupEventKind.OwnerChanged, membership.GroupId, now.Owner, clock.GetUtcNow());
            }

            return now;
        },
        cancellationToken);

    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/> or <see cref="ErrorCode.NotMember"/>.</exception>
    public Task<ListPage<MemberResponse>> ListMembersAsync(CurrentUser user, string group, PageRange page, CancellationToken cancellationToken) => database.ReadAsync(
        async connection =>
        {
            var membership = await Membership.RequireMemberAsync(connection, group, user);
            var members = page.ToPage(
                await MemberStore.ListAsync(connection, membership.GroupId, page),
                row => MemberService.ToResponse(membership, row),
                member => member.UserName);
            return members with { IsCompressible = true };
        },
        cancellationToken);

    /// <summary>Ends a membership: the user's own, or another's whose role is below the user's, who owns or manages the group.</summary>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.GroupNotFound"/>, <see cref="ErrorCode.NotOwner"/>, <see cref="ErrorCode.RoleTooLow"/>, <see cref="ErrorCode.OwnerCannotLeave"/>,
    /// <see cref="ErrorCode.NotMember"/> of oneself or <see cref="ErrorCode.MemberNotFound"/> of another.
    /// </exception>
    public async Task RemoveMemberAsync(CurrentUser user, string group, string member, CancellationToken cancellationToken)
    {
        var ended = await database.WriteAsync(
            [WriteLock.User(user.Name), WriteLock.User(member), WriteLock.Group(group)], connection => EndMembershipAsync(connection, user, group, member), cancellationToken);
        await SweepAsync(database, clock, group, ended);
    }

    /// <summary>Removes what is left of an ended membership, or of a role that could publish.</summary>
    public static async Task SweepAsync(TrackerDatabase database, TimeProvider clock, string group, (long Group, long User, bool HasMore) ended)
    {
        // In writes of their own, between which others get their turn. The purge does what this process leaves undone.
        while (ended.HasMore)
        {
            ended.HasMore = await database.WriteAsync(
                [WriteLock.Group(group)], connection => EndedMembershipStore.SweepAsync(connection, ended.Group, ended.User, clock.GetUtcNow()), CancellationToken.None);
        }
    }

    private async Task<(long Group, long User, bool HasMore)> EndMembershipAsync(DbConnection connection, CurrentUser user, string group, string member)
    {
        var self = AccountName.Key(member) == AccountName.Key(user.Name);
        var membership = self
            ? await Membership.GetAsync(connection, group, user)
            : await Membership.RequireManagerAsync(connection, group, user, "remove another member");
        var id = self ? user.Id : await MemberStore.FindUserAsync(connection, member);
        if (id == membership.OwnerId)
        {
            throw new P2PShareException(
                ErrorCode.OwnerCannotLeave, $"The owner of '{membership.GroupName}' cannot leave it: its members would have nobody to approve requests.");
        }

        if (!self && id is { } other && await MemberStore.FindAsync(connection, membership.GroupId, other) is { } found)
        {
            MemberService.RequireAbove(membership, (MemberRole)found.Role, $"remove '{found.UserName}'");
        }

        var kind = self ? GroupEventKind.MemberLeft : GroupEventKind.MemberRemoved;
        if (id is null || !await EndMembershipAsync(connection, membership.GroupId, id.Value, kind, clock.GetUtcNow()))
        {
            throw self
                ? Membership.NotMember($"You are not a member of '{membership.GroupName}'.")
                : MemberNotFound(member, membership);
        }

        return (membership.GroupId, id.Value, await EndedMembershipStore.SweepAsync(connection, membership.GroupId, id.Value, clock.GetUtcNow()));
    }

    /// <summary>
    /// Ends a membership and the user's tickets for the group. What the user shared there, and what the user's peers hold, is left to
    /// <see cref="EndedMembershipStore"/>.
    /// </summary>
    /// <param name="kind">How it ends: <see cref="GroupEventKind.MemberLeft"/> or <see cref="GroupEventKind.MemberRemoved"/>.</param>
    /// <returns>Whether there was one.</returns>
    public static async Task<bool> EndMembershipAsync(DbConnection connection, long group, long user, GroupEventKind kind, DateTimeOffset now)
    {
        await RevocationStore.AddMemberAsync(connection, group, user, now);
        if (!await MemberStore.RemoveAsync(connection, group, user))
        {
            return false;
        }


        var name = await MemberStore.GetUserNameAsync(connection, user);
        await EventStore.AddForMembersAsync(connection, kind, group, name, now);
        // Watches of the user, in other sessions too, end with it.
        await EventStore.AddForUserAsync(connection, kind, group, user, name, now);

        await EndedMembershipStore.AddAsync(connection, group, user, name, now);
        return true;
    }

    public static P2PShareException MemberNotFound(string user, Membership membership, string why = "") => new(
        ErrorCode.MemberNotFound, $"'{PrintableCharacter.Clean(user)}' is not a member of '{membership.GroupName}'{why}.");
}
