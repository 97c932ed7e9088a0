using System.Data.Common;
using System.Globalization;
using Dapper;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Access;

/// <summary>
/// How much one user, and one group, may have; what is in deleted groups does not count. A method that checks is to be called in the write that adds one more, after it was added:
/// the exception undoes the write. Counting rows at each write would cost more than what is counted, and an exact counter would make
/// every write of a user wait for the row of the last one. So a number is kept that was exact a short while ago: far below the
/// quota it suffices.
/// </summary>
internal static class QuotaStore
{
    private const int RenewedOnceIn = 64;

    // More than are ever added between two renewals: the chance of that is one in ten million.
    private const int Unnoticed = 1024;

    /// <exception cref="P2PShareException"><see cref="ErrorCode.QuotaExceeded"/>.</exception>
    public static Task CheckGroupsAsync(DbConnection connection, long user, string userName, int most) => CheckAsync(
        connection,
        user,
        most,
        "SELECT groups_counted FROM user_quota_counts WHERE user_id = @id",
        "SELECT COUNT(*) FROM groups WHERE owner_id = @id",
        "INSERT INTO user_quota_counts (user_id, groups_counted) VALUES (@id, @exact) ON CONFLICT (user_id) DO UPDATE SET groups_counted = excluded.groups_counted",
        () => Exceeded(most, $"'{userName}' owns as many groups as one user may at this tracker", "delete one, or hand it over"));

    /// <summary>How many more files a user may share, earlier versions included. To be called in the write that adds them, before it does.</summary>
    /// <param name="added">How many are about to be added, at most.</param>
    /// <returns>0 or more; not less than <paramref name="added"/> far below the quota.</returns>
    public static async Task<long> FindShareRoomAsync(DbConnection connection, long user, int added, int most, DateTimeOffset now)
    {
        var room = await FindRoomAsync(
            connection,
            user,
            added,
            most,
            now,
            "SELECT shares_counted FROM user_quota_counts WHERE user_id = @id",
            $"SELECT (SELECT COUNT(*) FROM file_sharers WHERE user_id = @id) + ({Versions("user_id")})",
            "INSERT INTO user_quota_counts (user_id, shares_counted) VALUES (@id, @counted) ON CONFLICT (user_id) DO UPDATE SET shares_counted = excluded.shares_counted");
        // Without those of deleted groups whose rows are still there, which cost more to tell.
        return room >= added ? room : Math.Max(0, most - await connection.ExecuteScalarAsync<long>(
            $"""
            SELECT (SELECT COUNT(*) FROM file_sharers s JOIN files f ON f.id = s.file_id JOIN groups g ON g.id = f.group_id WHERE s.user_id = @id)
                + ({Versions("user_id")} AND v.group_id IN (SELECT id FROM groups))
            """,
            new { id = user, Now = now.ToUnixTimeSeconds() }));
    }

    /// <summary>How many more files a group may have.</summary>
    /// <inheritdoc cref="FindShareRoomAsync"/>
    public static Task<long> FindFileRoomAsync(DbConnection connection, long group, int added, int most, DateTimeOffset now) => FindRoomAsync(
        connection,
        group,
        added,
        most,
        now,
        "SELECT files_counted FROM group_quota_counts WHERE group_id = @id",
        $"SELECT (SELECT COUNT(*) FROM files WHERE group_id = @id) + ({Versions("group_id")})",
        "INSERT INTO group_quota_counts (group_id, files_counted) VALUES (@id, @counted) ON CONFLICT (group_id) DO UPDATE SET files_counted = excluded.files_counted");

    public static P2PShareException SharesExceeded(int most) =>
        Exceeded(most, "You share as many files as one user may at this tracker, earlier versions included", "stop sharing some");

    public static P2PShareException FilesExceeded(string groupName, int most) =>
        Exceeded(most, $"'{groupName}' has as many files as one group may at this tracker, earlier versions included", "use another group, or stop sharing some");

    /// <inheritdoc cref="CheckGroupsAsync" path="/exception"/>
    public static async Task CheckMembersAsync(DbConnection connection, long group, string groupName, int most)
    {
        if (await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM members WHERE group_id = @group", new { group }) > most)
        {
            throw Exceeded(most, $"'{groupName}' has as many members as one group may at this tracker", "remove one who needs it no longer");
        }
    }

    /// <summary>Checks that a group has room for one more manager.</summary>
    /// <inheritdoc cref="CheckGroupsAsync" path="/exception"/>
    public static async Task CheckManagersAsync(DbConnection connection, long group, string groupName, int most)
    {
        if (await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM members WHERE group_id = @group AND role = 3", new { group }) >= most)
        {
            throw Exceeded(most, $"'{groupName}' has as many managers as a group may", "give one of them another role");
        }
    }

    /// <inheritdoc cref="CheckGroupsAsync" path="/exception"/>
    public static async Task CheckJoinRequestsAsync(DbConnection connection, long user, int most)
    {
        if (await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM join_requests r JOIN groups g ON g.id = r.group_id WHERE r.user_id = @user", new { user }) > most)
        {
            throw Exceeded(most, "You wait for as many answers to join requests as one user may at this tracker", "withdraw one, or wait for its answer");
        }
    }

    /// <summary>How many more holdings users may have. To be called in the write that adds them, before it does, under <see cref="WriteLock.PeersOf"/>.</summary>
    /// <param name="added">How many each is about to get, at least one.</param>
    /// <returns>By user; not less than it is about to get for one that is far below the quota.</returns>
    public static async Task<Dictionary<long, long>> FindHoldingRoomAsync(DbConnection connection, IReadOnlyDictionary<long, long> added, int most)
    {
        var room = new Dictionary<long, long>(added.Count);
        if (added.Count == 0)
        {
            return room;
        }

        var recent = (await connection.QueryAsync<(long User, long Counted)>(
                $"SELECT user_id, holdings_counted FROM user_quota_counts WHERE {connection.In("user_id", "@Users")}", new { Users = connection.List(added.Keys) }))
            .ToDictionary(row => row.User, row => row.Counted);
        foreach (var (user, _) in added)
        {
            room[user] = most - Unnoticed - recent.GetValueOrDefault(user);
        }

        foreach (var (user, count) in added.OrderBy(one => one.Key))
        {
            var renews = Renews(count);
            if (renews || room[user] < count)
            {
                var exact = await connection.ExecuteScalarAsync<long>(
                    """
                    SELECT COUNT(*) FROM peers p CROSS JOIN holdings h
                    WHERE p.user_id = @user AND h.peer_id = p.id AND h.group_id NOT IN (SELECT id FROM all_groups WHERE removed IS NOT NULL)
                    """,
                    new { user });
                room[user] = most - exact;
                if (renews)
                {
                    await connection.ExecuteAsync(
                        """
                        INSERT INTO user_quota_counts (user_id, holdings_counted) VALUES (@user, @Counted)
                        ON CONFLICT (user_id) DO UPDATE SET holdings_counted = excluded.holdings_counted
                        """,
                        new { user, Counted = exact + count });
                }
            }
        }

        return room;
    }

    // As likely as if they came one by one.
    private static bool Renews(long added) => Random.Shared.NextDouble() > Math.Pow(1 - (1.0 / RenewedOnceIn), added);

    private static string Versions(string column) =>
        $"SELECT COUNT(*) FROM file_versions v WHERE v.{column} = @id AND v.expires > @Now";

    private static async Task<long> FindRoomAsync(
        DbConnection connection, long id, int added, int most, DateTimeOffset now, string recent, string count, string renew)
    {
        var renews = Renews(added);
        if (!renews && most - Unnoticed - await connection.ExecuteScalarAsync<long>(recent, new { id }) is var far && far >= added)
        {
            return far;
        }

        var exact = await connection.ExecuteScalarAsync<long>(count, new { id, Now = now.ToUnixTimeSeconds() });
        if (renews)
        {
            await connection.ExecuteAsync(renew, new { id, counted = exact + added });
        }

        return Math.Max(0, most - exact);
    }

    private static async Task CheckAsync(
        DbConnection connection, long id, int most, string recent, string count, string renew, Func<P2PShareException> exceeded)
    {
        var renews = Renews(1);
        if (!renews && most > Unnoticed && await connection.ExecuteScalarAsync<long>(recent, new { id }) < most - Unnoticed)
        {
            return;
        }

        var exact = await connection.ExecuteScalarAsync<long>(count, new { id });
        if (renews)
        {
            await connection.ExecuteAsync(renew, new { id, exact });
        }

        if (exact > most)
        {
            throw exceeded();
        }
    }

    /// <param name="most">The quota.</param>
    /// <param name="what">A sentence without its end.</param>
    /// <param name="advice">What makes room.</param>
    public static P2PShareException Exceeded(int most, string what, string advice) => new(
        ErrorCode.QuotaExceeded, string.Create(CultureInfo.InvariantCulture, $"{what} ({most}): {advice}, or ask the tracker's operator."));
}
