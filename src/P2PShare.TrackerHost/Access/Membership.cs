using System.Data.Common;
using Dapper;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Access;

/// <summary>A group as one user sees it: the check that nearly every request begins with.</summary>
/// <param name="GroupId">The number of its row.</param>
/// <param name="GroupGuid">What others know it by.</param>
/// <param name="IsMember">1 if the user is a member, the owner included.</param>
/// <param name="HasSession">0 if the user's session has ended since the request came.</param>
internal sealed record Membership(long GroupId, string GroupGuid, string GroupName, long OwnerId, long IsMember, long HasSession)
{
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
            SELECT g.id AS GroupId, g.guid AS GroupGuid, g.name AS GroupName, g.owner_id AS OwnerId,
                (SELECT COUNT(*) FROM members m WHERE m.group_id = g.id AND m.user_id = @Id) AS IsMember,
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
        return membership.IsMember > 0
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

    public static P2PShareException NotMember(string message) => new(ErrorCode.NotMember, message);

    private static P2PShareException NotFound(string group) => new(ErrorCode.GroupNotFound, $"There is no group called '{PrintableCharacter.Clean(group)}'.");
}
