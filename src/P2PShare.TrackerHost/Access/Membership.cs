using System.Data.Common;
using Dapper;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Access;

/// <summary>A group as one user sees it: the check that nearly every request begins with.</summary>
/// <param name="GroupId">The number of its row.</param>
/// <param name="GroupGuid">What others know it by.</param>
/// <param name="DefaultRole">What a user becomes who is made a member without another role.</param>
/// <param name="UserId">The user's.</param>
/// <param name="StoredRole">0 if the user is no member. The owner's row has one like any member's: what the owner becomes when the group is handed over.</param>
/// <param name="HasSession">0 if the user's session has ended since the request came.</param>
internal sealed record Membership(long GroupId, string GroupGuid, string GroupName, long OwnerId, long DefaultRole, long UserId, long StoredRole, long HasSession)
{
    public bool IsMember => StoredRole > 0;

    /// <summary>What the user may do, if a member.</summary>
    public MemberRole Role => RoleOf(UserId, StoredRole);

    public GroupIdentity Group => new(Guid.Parse(GroupGuid), GroupName);

    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.GroupNotFound"/>; <see cref="ErrorCode.NotLoggedIn"/> if the session ended while the request was
    /// under way: a slowly sent body would otherwise outlive the session.
    /// </exception>
    public static async Task<Membership> GetAsync(DbConnection connection, string group, CurrentUser user)
    {
        // Only a valid name is looked up: PostgreSQL refuses text with a zero in it.
        var membership = (AccountName.FindProblem(group) is not null ? null : await connection.QuerySingleOrDefaultAsync<Membership>(
            """
            SELECT g.id AS GroupId, g.guid AS GroupGuid, g.name AS GroupName, g.owner_id AS OwnerId, g.default_role AS DefaultRole,
                CAST(@Id AS BIGINT) AS UserId, COALESCE((SELECT m.role FROM members m WHERE m.group_id = g.id AND m.user_id = @Id), 0) AS StoredRole,
                (SELECT COUNT(*) FROM sessions s WHERE s.token_hash = @SessionHash) AS HasSession
            FROM groups g WHERE g.name_key = @Key
            """,
            new { Key = AccountName.Key(group), user.Id, user.SessionHash }))
            ?? throw NotFound(group);
        return membership.HasSession > 0 ? membership : throw SessionService.Ended();
    }

    /// <summary>Checks that there are groups of these names.</summary>
    /// <returns>True.</returns>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/>, for the first that is not there; or <see cref="ErrorCode.NotLoggedIn"/>.</exception>
    public static async Task<bool> RequireGroupsAsync(DbConnection connection, CurrentUser user, IReadOnlyCollection<string> groups)
    {
        await SessionService.RequireAsync(connection, user);
        var valid = groups.Where(group => AccountName.FindProblem(group) is null).Select(AccountName.Key).Distinct();
        var found = (await connection.QueryAsync<string>($"SELECT name_key FROM groups WHERE {connection.In("name_key", "@Keys")}", new { Keys = connection.List(valid) }))
            .ToHashSet(StringComparer.Ordinal);
        if (groups.FirstOrDefault(group => !found.Contains(AccountName.Key(group))) is { } missing)
        {
            throw NotFound(missing);
        }

        return true;
    }

    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/> or <see cref="ErrorCode.NotMember"/>.</exception>
    public static async Task<Membership> RequireMemberAsync(DbConnection connection, string group, CurrentUser user)
    {
        var membership = await GetAsync(connection, group, user);
        return membership.IsMember
            ? membership
            : throw NotMember($"You are not a member of '{membership.GroupName}': ask to join it, and wait for its owner's approval.");
    }

    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/>: the caller means a group that had this name before.</exception>
    public void RequireId(Guid expected)
    {
        if (Group.Id != expected)
        {
            throw new P2PShareException(ErrorCode.GroupNotFound, $"The group '{GroupName}' was deleted, and another one has its name now: list its files again.");
        }
    }

    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/> or <see cref="ErrorCode.NotOwner"/>.</exception>
    public static async Task<Membership> RequireOwnerAsync(DbConnection connection, string group, CurrentUser user, string action)
    {
        var membership = await GetAsync(connection, group, user);
        return membership.OwnerId == user.Id
            ? membership
            : throw new P2PShareException(ErrorCode.NotOwner, $"Only the owner of '{membership.GroupName}' can {action}.");
    }

    /// <summary>Checks that a user is the owner or a manager.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/> or <see cref="ErrorCode.NotOwner"/>.</exception>
    public static async Task<Membership> RequireManagerAsync(DbConnection connection, string group, CurrentUser user, string action)
    {
        var membership = await GetAsync(connection, group, user);
        return membership.IsMember && membership.Role >= MemberRole.Manager
            ? membership
            : throw new P2PShareException(ErrorCode.NotOwner, $"Only the owner of '{membership.GroupName}' and its managers can {action}.");
    }

    /// <summary>Checks that a user may share.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/>, <see cref="ErrorCode.NotMember"/> or <see cref="ErrorCode.RoleTooLow"/>.</exception>
    public static async Task<Membership> RequirePublisherAsync(DbConnection connection, string group, CurrentUser user)
    {
        var membership = await RequireMemberAsync(connection, group, user);
        return membership.Role >= MemberRole.Publisher
            ? membership
            : throw new P2PShareException(
                ErrorCode.RoleTooLow, $"You are a reader of '{membership.GroupName}', and readers share no files: ask its owner or a manager to make you a publisher.");
    }

    /// <param name="storedRole">Of the member's row.</param>
    public MemberRole RoleOf(long user, long storedRole) => user == OwnerId ? MemberRole.Owner : (MemberRole)storedRole;

    public static P2PShareException NotMember(string message) => new(ErrorCode.NotMember, message);

    private static P2PShareException NotFound(string group) => new(ErrorCode.GroupNotFound, $"There is no group called '{PrintableCharacter.Clean(group)}'.");
}
