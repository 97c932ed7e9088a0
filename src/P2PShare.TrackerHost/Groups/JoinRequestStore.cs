using System.Data.Common;
using Dapper;
using P2PShare.Protocol.Names;
using P2PShare.TrackerHost.Http;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Groups;

/// <summary>The rows of join requests.</summary>
internal static class JoinRequestStore
{
    /// <returns>Whether it is a new one.</returns>
    public static async Task<bool> AddAsync(DbConnection connection, long group, long user, DateTimeOffset now) => await connection.ExecuteAsync(
        "INSERT INTO join_requests (group_id, user_id, requested) VALUES (@group, @user, @Now) ON CONFLICT (group_id, user_id) DO NOTHING",
        new { group, user, Now = now.ToUnixTimeSeconds() }) == 1;

    /// <returns>When the user asked, in Unix seconds.</returns>
    public static Task<long> GetTimeAsync(DbConnection connection, long group, long user) => connection.QuerySingleAsync<long>(
        "SELECT requested FROM join_requests WHERE group_id = @group AND user_id = @user", new { group, user });

    /// <returns>Sorted by the name of the user.</returns>
    // CROSS JOIN keeps SQLite from beginning with all users.
    public static Task<IEnumerable<(string UserName, long Requested)>> ListAsync(DbConnection connection, long group, PageRange page) =>
        connection.QueryAsync<(string UserName, long Requested)>(
            """
            SELECT u.name, r.requested FROM join_requests r CROSS JOIN users u
            WHERE r.group_id = @group AND u.id = r.user_id AND u.name_key >= @From AND u.name_key < @Until ORDER BY u.name_key LIMIT @Limit
            """,
            new { group, page.From, page.Until, page.Limit });

    /// <summary>Removes some of those of a deleted group.</summary>
    /// <inheritdoc cref="PartialDelete.DeleteOfGroupAsync" path="/returns"/>
    public static Task<int> RemoveOfGroupAsync(DbConnection connection, long group, int max) =>
        connection.DeleteOfGroupAsync("join_requests", "group_id, user_id", group, max);

    /// <returns>The id of the user who asked; null if there is no such request.</returns>
    public static Task<long?> RemoveAsync(DbConnection connection, long group, string userName) => connection.QuerySingleOrDefaultAsync<long?>(
        """
        DELETE FROM join_requests WHERE group_id = @group AND user_id = (SELECT id FROM users WHERE name_key = @Key)
        RETURNING user_id
        """,
        new { group, Key = AccountName.Key(userName) });
}
