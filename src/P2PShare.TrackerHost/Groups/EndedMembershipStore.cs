using System.Data.Common;
using Dapper;
using P2PShare.TrackerHost.Files;
using P2PShare.TrackerHost.Peers;

namespace P2PShare.TrackerHost.Groups;

/// <summary>
/// The rows of memberships that ended. What their users shared and hold in the group may be much: it is removed after the membership, some at
/// a time, each part in a write of its own.
/// </summary>
internal static class EndedMembershipStore
{
    private const int MaxSharesAtOnce = 500;
    private const int MaxHoldingsAtOnce = 1000;

    private const string Columns = "group_id AS GroupId, user_id AS UserId, user_name AS UserName, ended AS Ended";

    /// <summary>Adds one that ends now.</summary>
    public static Task AddAsync(DbConnection connection, long group, long user, string userName, DateTimeOffset now) => connection.ExecuteAsync(
        """
        INSERT INTO ended_memberships (group_id, user_id, user_name, ended) VALUES (@group, @user, @userName, @Now)
        ON CONFLICT (group_id, user_id) DO UPDATE SET user_name = excluded.user_name, ended = excluded.ended
        """,
        new { group, user, userName, Now = now.ToUnixTimeSeconds() });

    /// <summary>Removes some of what one left.</summary>
    /// <returns>Whether more is left of it.</returns>
    public static async Task<bool> SweepAsync(DbConnection connection, long group, long user, DateTimeOffset now) =>
        await connection.QuerySingleOrDefaultAsync<Row>(
            $"SELECT {Columns} FROM ended_memberships WHERE group_id = @group AND user_id = @user", new { group, user }) is { } row
            && await SweepAsync(connection, row, now);

    /// <summary>Removes some of what a user left in one of the groups.</summary>
    /// <returns>Whether there was one.</returns>
    public static async Task<bool> SweepOfUserAsync(DbConnection connection, long user, DateTimeOffset now)
    {
        if (await connection.QueryFirstOrDefaultAsync<Row>($"SELECT {Columns} FROM ended_memberships WHERE user_id = @user LIMIT 1", new { user }) is not { } row)
        {
            return false;
        }

        await SweepAsync(connection, row, now);
        return true;
    }

    /// <summary>Removes some of what any of them left.</summary>
    /// <returns>Whether there was one.</returns>
    public static async Task<bool> SweepAnyAsync(DbConnection connection, DateTimeOffset now)
    {
        if (await connection.QueryFirstOrDefaultAsync<Row>($"SELECT {Columns} FROM ended_memberships LIMIT 1") is not { } row)
        {
            return false;
        }

        await SweepAsync(connection, row, now);
        return true;
    }

    private static async Task<bool> SweepAsync(DbConnection connection, Row row, DateTimeOffset now)
    {
        // What a user shares who was made a member again meanwhile stays.
        if (await FileService.EndSharesAsync(connection, row.GroupId, row.UserId, row.UserName, row.Ended, MaxSharesAtOnce, now) == MaxSharesAtOnce
            || await HoldingStore.RemoveOfFormerMemberAsync(connection, row.GroupId, row.UserId, MaxHoldingsAtOnce) == MaxHoldingsAtOnce)
        {
            return true;
        }

        await connection.ExecuteAsync("DELETE FROM ended_memberships WHERE group_id = @GroupId AND user_id = @UserId", row);
        return false;
    }

    private sealed record Row
    {
        public required long GroupId { get; init; }

        public required long UserId { get; init; }

        public required string UserName { get; init; }

        public required long Ended { get; init; }
    }
}
