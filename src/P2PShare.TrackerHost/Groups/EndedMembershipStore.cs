using System.Data.Common;
using Dapper;
using P2PShare.TrackerHost.Files;
using P2PShare.TrackerHost.Peers;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Groups;

/// <summary>
/// The rows of memberships that ended. What their users shared and hold in the group may be much: it is removed after the membership, some at
/// a time, each part in a write of its own.
/// </summary>
internal static class EndedMembershipStore
{
    private const string Select =
        """
        SELECT e.group_id AS GroupId, g.name AS GroupName, e.user_id AS UserId, e.user_name AS UserName, e.ended AS Ended
        FROM ended_memberships e JOIN groups g ON g.id = e.group_id
        """;

    /// <summary>Adds one that ends now.</summary>
    public static Task AddAsync(DbConnection connection, long group, long user, string userName, DateTimeOffset now) => connection.ExecuteAsync(
        """
        INSERT INTO ended_memberships (group_id, user_id, user_name, ended) VALUES (@group, @user, @userName, @Now)
        ON CONFLICT (group_id, user_id) DO UPDATE SET user_name = excluded.user_name, ended = excluded.ended
        """,
        new { group, user, userName, Now = now.ToUnixTimeSeconds() });

    /// <summary>Finds one of which nothing more can appear: no announce is under way that has read the membership.</summary>
    public static Task<EndedMembership?> FindAnyAsync(DbConnection connection, DateTimeOffset now) => connection.QueryFirstOrDefaultAsync<EndedMembership>(
        $"{Select} WHERE e.ended <= @Settled LIMIT 1", new { Settled = UnderWay.SettledSince(connection, now) });

    /// <summary>Finds those of a user.</summary>
    public static async Task<IReadOnlyList<EndedMembership>> FindAsync(DbConnection connection, long user) =>
        (await connection.QueryAsync<EndedMembership>($"{Select} WHERE e.user_id = @user", new { user })).AsList();

    /// <summary>Removes some of those of a deleted group.</summary>
    /// <inheritdoc cref="PartialDelete.DeleteOfGroupAsync" path="/returns"/>
    public static Task<int> RemoveOfGroupAsync(DbConnection connection, long group, int max) =>
        connection.DeleteOfGroupAsync("ended_memberships", "group_id, user_id", group, max);

    /// <summary>Removes some of what one left. To be called under the lock of its group.</summary>
    /// <returns>Whether more is left of it.</returns>
    public static async Task<bool> SweepAsync(DbConnection connection, long group, long user, DateTimeOffset now)
    {
        // Shares made since then stay: the user may be a member again.
        var row = await connection.QuerySingleOrDefaultAsync<EndedMembership>($"{Select} WHERE e.group_id = @group AND e.user_id = @user", new { group, user });
        if (row is not null
            && (await FileService.EndSharesAsync(connection, group, user, row.UserName, row.Ended, PartialDelete.MaxRows, now) == PartialDelete.MaxRows
                || await HoldingStore.RemoveOfFormerMemberAsync(connection, group, user, PartialDelete.MaxRows) == PartialDelete.MaxRows))
        {
            return true;
        }

        // An announce that has read the membership may still be under way; a purge looks for what it leaves.
        await connection.ExecuteAsync(
            "DELETE FROM ended_memberships WHERE group_id = @group AND user_id = @user AND ended <= @Settled",
            new { group, user, Settled = UnderWay.SettledSince(connection, now) });
        return false;
    }
}
