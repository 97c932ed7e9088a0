using System.Data.Common;
using Dapper;
using Npgsql;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Http;

namespace P2PShare.TrackerHost.Groups;

/// <summary>The rows of groups. All that reads <c>groups</c>, a view, passes over those that were deleted; <c>all_groups</c> has them until they are empty.</summary>
internal static class GroupStore
{
    private const string SelectGroups =
        """
        SELECT g.guid AS Guid, g.name AS Name, o.name AS Owner,
            (SELECT COUNT(*) FROM members m WHERE m.group_id = g.id) AS MemberCount,
            CASE WHEN g.owner_id = @user THEN 'Owner'
                WHEN EXISTS (SELECT 1 FROM members m WHERE m.group_id = g.id AND m.user_id = @user) THEN 'Member'
                WHEN EXISTS (SELECT 1 FROM join_requests r WHERE r.group_id = g.id AND r.user_id = @user) THEN 'Requested'
                ELSE 'None' END AS Role,
            (SELECT m.role FROM members m WHERE m.group_id = g.id AND m.user_id = @user) AS MemberRole, g.default_role AS DefaultRole,
            g.created AS Created, g.listed AS Listed
        FROM groups g JOIN users o ON o.id = g.owner_id
        """;

    private const string IsInPage = "name_key >= @From AND name_key < @Until";

    private const string Own =
        $"""
        SELECT id FROM groups WHERE {IsInPage} AND id IN (
            SELECT group_id FROM members WHERE user_id = @user UNION ALL SELECT group_id FROM join_requests WHERE user_id = @user)
        """;

    private const string Listed = $"SELECT id FROM (SELECT id FROM groups WHERE listed = 1 AND {IsInPage} ORDER BY name_key LIMIT @Limit) AS listed";

    /// <returns>The id of the new group; null if the name is taken.</returns>
    public static Task<long?> AddAsync(
        DbConnection connection, Guid guid, string name, long owner, bool listed, MemberRole defaultRole, DateTimeOffset now) => connection.QuerySingleOrDefaultAsync<long?>(
        """
        INSERT INTO all_groups (guid, name_key, name, owner_id, listed, default_role, created) VALUES (@Guid, @Key, @name, @owner, @Listed, @DefaultRole, @Now)
        ON CONFLICT (name_key) DO NOTHING RETURNING id
        """,
        new { Guid = guid.ToString("D"), Key = AccountName.Key(name), name, owner, Listed = listed ? 1L : 0L, DefaultRole = (long)defaultRole, Now = now.ToUnixTimeSeconds() });

    /// <summary>A page of the groups that a user finds: those that are listed, and those that the user is in or has asked to join.</summary>
    /// <param name="mine">Only the latter.</param>
    public static async Task<ListPage<GroupResponse>> ListAsync(DbConnection connection, CurrentUser user, PageRange page, bool mine)
    {
        var rows = await connection.QueryAsync<Row>(
            $"{SelectGroups} WHERE g.id IN ({(mine ? Own : $"{Listed} UNION {Own}")}) ORDER BY g.name_key LIMIT @Limit",
            new { user = user.Id, From = page.From, page.Until, page.Limit });
        var found = page.ToPage(rows, row => row.ToResponse(), group => group.Name);
        // Others make the groups, and do not see which of those that are not listed this user does.
        return found with { IsCompressible = found.Items.All(group => group.Listed) };
    }

    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/>.</exception>
    public static async Task<GroupResponse> GetAsync(DbConnection connection, CurrentUser user, string group)
    {
        var row = await connection.QuerySingleOrDefaultAsync<Row>(
            SelectGroups + " WHERE g.name_key = @Key", new { user = user.Id, Key = AccountName.Key(group) });
        return row?.ToResponse()
            ?? throw new P2PShareException(ErrorCode.GroupNotFound, $"There is no group called '{PrintableCharacter.Clean(group)}'.");
    }

    /// <returns>The names of the groups that a user owns, sorted.</returns>
    public static Task<IEnumerable<string>> FindOwnedAsync(DbConnection connection, long user) =>
        connection.QueryAsync<string>("SELECT name FROM groups WHERE owner_id = @user ORDER BY name_key", new { user });

    /// <summary>Makes a member the owner.</summary>
    /// <returns>The id of the new owner; null if there is no such member.</returns>
    public static async Task<long?> SetOwnerAsync(DbConnection connection, long group, string owner) => AccountName.FindProblem(owner) is not null
        // Only a valid name is looked up: PostgreSQL refuses text with a zero in it.
        ? null
        : await connection.QuerySingleOrDefaultAsync<long?>(
            """
            UPDATE all_groups SET owner_id = (SELECT id FROM users WHERE name_key = @Key)
            WHERE id = @group AND EXISTS (SELECT 1 FROM members m JOIN users u ON u.id = m.user_id
                WHERE m.group_id = all_groups.id AND u.name_key = @Key)
            RETURNING owner_id
            """,
            new { group, Key = AccountName.Key(owner) });

    /// <summary>Makes a group one of the past: its name is free, and what it had can be removed some at a time before the row.</summary>
    /// <param name="revocation">The number of the revocation of its tickets.</param>
    // No name has a space.
    public static Task EndAsync(DbConnection connection, long group, long revocation) =>
        connection.ExecuteAsync("UPDATE all_groups SET name_key = 'removed ' || guid, removed = @revocation WHERE id = @group", new { group, revocation });

    /// <returns>A group of the past that a user owned, was in or shared with, whose row is still there; null if there is none.</returns>
    public static Task<long?> FindEndedAsync(DbConnection connection, long user) => connection.QueryFirstOrDefaultAsync<long?>(
        """
        SELECT g.id FROM all_groups g WHERE g.removed IS NOT NULL AND (g.owner_id = @user
            OR EXISTS (SELECT 1 FROM members m WHERE m.group_id = g.id AND m.user_id = @user)
            OR EXISTS (SELECT 1 FROM file_sharers s JOIN files f ON f.id = s.file_id WHERE s.user_id = @user AND f.group_id = g.id)
            OR EXISTS (SELECT 1 FROM file_versions v WHERE v.user_id = @user AND v.group_id = g.id))
        ORDER BY g.removed LIMIT 1
        """,
        new { user });

    /// <returns>A group of the past whose row is still there; null if there is none.</returns>
    public static Task<long?> FindEndedAsync(DbConnection connection) =>
        connection.QuerySingleOrDefaultAsync<long?>("SELECT id FROM all_groups WHERE removed IS NOT NULL ORDER BY removed LIMIT 1");

    /// <summary>Locks a group of the past: no announce that is still under way adds to it until the transaction ends. SQLite has one writer.</summary>
    /// <returns>The number of its revocation; null if there is no such group of the past.</returns>
    public static Task<long?> LockEndedAsync(DbConnection connection, long group) => connection.QuerySingleOrDefaultAsync<long?>(
        $"SELECT removed FROM all_groups WHERE id = @group AND removed IS NOT NULL{(connection is NpgsqlConnection ? " FOR UPDATE" : "")}", new { group });

    /// <summary>Deletes the row of a group of the past; the database deletes with it what is left.</summary>
    public static Task RemoveAsync(DbConnection connection, long group) =>
        connection.ExecuteAsync("DELETE FROM all_groups WHERE id = @group AND removed IS NOT NULL", new { group });

    // Properties, not a constructor: SQLite does not report the types of a result without rows, which a constructor is chosen by.
    private sealed class Row
    {
        public required string Guid { get; init; }

        public required string Name { get; init; }

        public required string Owner { get; init; }

        public required long MemberCount { get; init; }

        public required string Role { get; init; }

        public required long? MemberRole { get; init; }

        public required long DefaultRole { get; init; }

        public required long Created { get; init; }

        public required long Listed { get; init; }

        public GroupResponse ToResponse() =>
            new(
                System.Guid.Parse(Guid), Name, Owner, (int)MemberCount, Enum.Parse<GroupRole>(Role), DateTimeOffset.FromUnixTimeSeconds(Created), Listed == 1,
                Role == nameof(GroupRole.Owner) ? Protocol.Tracker.MemberRole.Owner : (MemberRole?)MemberRole, (MemberRole)DefaultRole);
    }
}
