using System.Data.Common;
using Dapper;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Http;
using P2PShare.TrackerHost.Storage;
using P2PShare.TrackerHost.Tickets;

namespace P2PShare.TrackerHost.Groups;

/// <summary>The rows of members.</summary>
internal static class MemberStore
{
    /// <param name="role">Not the owner: that is the group's to say.</param>
    public static Task AddAsync(DbConnection connection, long group, long user, MemberRole role, DateTimeOffset now) => connection.ExecuteAsync(
        "INSERT INTO members (group_id, user_id, joined, role) VALUES (@group, @user, @Now, @Role)",
        new { group, user, Now = now.ToUnixTimeSeconds(), Role = (long)role });

    /// <returns>A member's name, role and time of joining; null if there is no such member.</returns>
    public static Task<(long Id, string UserName, long Joined, long Role)?> FindAsync(DbConnection connection, long group, long user) =>
        connection.QuerySingleOrDefaultAsync<(long Id, string UserName, long Joined, long Role)?>(
            "SELECT u.id, u.name, m.joined, m.role FROM members m JOIN users u ON u.id = m.user_id WHERE m.group_id = @group AND m.user_id = @user", new { group, user });

    public static Task SetRoleAsync(DbConnection connection, long group, long user, MemberRole role) => connection.ExecuteAsync(
        "UPDATE members SET role = @Role WHERE group_id = @group AND user_id = @user", new { group, user, Role = (long)role });

    /// <returns>Sorted by name.</returns>
    // CROSS JOIN keeps SQLite from beginning with all users.
    public static Task<IEnumerable<(long Id, string UserName, long Joined, long Role)>> ListAsync(DbConnection connection, long group, PageRange page) =>
        connection.QueryAsync<(long Id, string UserName, long Joined, long Role)>(
            """
            SELECT u.id, u.name, m.joined, m.role FROM members m CROSS JOIN users u
            WHERE m.group_id = @group AND u.id = m.user_id AND u.name_key >= @From AND u.name_key < @Until ORDER BY u.name_key LIMIT @Limit
            """,
            new { group, page.From, page.Until, page.Limit });

    /// <returns>Some of a user's groups.</returns>
    public static async Task<IReadOnlyList<(long Id, string Name)>> FindGroupsAsync(DbConnection connection, long user, int max) =>
        (await connection.QueryAsync<(long, string)>(
            "SELECT g.id, g.name FROM members m JOIN groups g ON g.id = m.group_id WHERE m.user_id = @user ORDER BY g.id LIMIT @max", new { user, max })).AsList();

    /// <returns>The id of a user, whether or not a member; null if there is none of that name.</returns>
    public static Task<long?> FindUserAsync(DbConnection connection, string name) =>
        connection.QuerySingleOrDefaultAsync<long?>("SELECT id FROM users WHERE name_key = @Key", new { Key = AccountName.Key(name) });

    public static Task<string> GetUserNameAsync(DbConnection connection, long user) =>
        connection.QuerySingleAsync<string>("SELECT name FROM users WHERE id = @user", new { user });

    /// <summary>Removes some of the members of a deleted group, who are then its former members.</summary>
    /// <param name="revocation">The number of the revocation with which it was deleted.</param>
    /// <param name="max">Rows that may be written and deleted; two for each member.</param>
    /// <returns>How many were; <paramref name="max"/> if more members may be left.</returns>
    public static async Task<int> RemoveOfGroupAsync(DbConnection connection, long group, long revocation, int max)
    {
        var users = (await connection.QueryAsync<long>(
            "SELECT user_id FROM members WHERE group_id = @group ORDER BY user_id LIMIT @Some", new { group, Some = max / 2 })).AsList();
        await RevocationStore.AddFormerMembersAsync(connection, group, users, revocation);
        await connection.ExecuteAsync(
            $"DELETE FROM members WHERE group_id = @group AND {connection.In("user_id", "@Users")}", new { group, Users = connection.List(users) });
        return users.Count == max / 2 ? max : 2 * users.Count;
    }

    /// <returns>Whether there was such a member.</returns>
    public static async Task<bool> RemoveAsync(DbConnection connection, long group, long user) =>
        await connection.ExecuteAsync("DELETE FROM members WHERE group_id = @group AND user_id = @user", new { group, user }) == 1;
}
