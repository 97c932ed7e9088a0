using System.Data.Common;
using System.Text.Json;
using Dapper;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Hosting;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Groups;

/// <summary>
/// Whose access to a group has ended, for as long as tickets from before could still be shown. Sources hear of it in the
/// answer to their next announce.
/// </summary>
internal static class RevocationStore
{
    // Until the end is committed, tickets are issued; and by other instances, whose clocks may be some seconds ahead.
    private const int SecondsUnderWay = 30;

    /// <summary>Ends the tickets that a member of a group holds. To be called while the membership is still there.</summary>
    public static Task AddAsync(DbConnection connection, long group, long user, DateTimeOffset now) => connection.ExecuteAsync(
        """
        INSERT INTO ended_accesses (group_key, user_key, group_name, user_name, tickets_until)
        SELECT g.name_key, u.name_key, g.name, u.name, @Until FROM members m
            JOIN groups g ON g.id = m.group_id
            JOIN users u ON u.id = m.user_id
            WHERE m.group_id = @group AND m.user_id = @user
        ON CONFLICT (group_key, user_key) DO UPDATE SET tickets_until = CASE
            WHEN excluded.tickets_until > ended_accesses.tickets_until THEN excluded.tickets_until
            ELSE ended_accesses.tickets_until + 1 END
        """,
        new { group, user, Until = now.ToUnixTimeSeconds() + SecondsUnderWay });

    /// <summary>
    /// Ends the tickets that the members of a group hold, all of them until the same second, so that the peers of each
    /// hear of all. To be called while the group is still there.
    /// </summary>
    public static async Task AddAllAsync(DbConnection connection, long group, DateTimeOffset now)
    {
        foreach (var user in await connection.QueryAsync<long>("SELECT user_id FROM members WHERE group_id = @group", new { group }))
        {
            await AddAsync(connection, group, user, now);
        }

        await connection.ExecuteAsync(
            """
            UPDATE ended_accesses SET tickets_until =
                (SELECT MAX(other.tickets_until) FROM ended_accesses other WHERE other.group_key = ended_accesses.group_key)
            WHERE group_key = (SELECT g.name_key FROM groups g WHERE g.id = @group)
                AND user_key IN (SELECT u.name_key FROM members m JOIN users u ON u.id = m.user_id WHERE m.group_id = @group)
            """,
            new { group });
    }

    /// <summary>When a ticket that is issued now counts as issued: after those that do not count any more.</summary>
    public static async Task<DateTimeOffset> IssueTimeAsync(DbConnection connection, string group, string user, DateTimeOffset now)
    {
        var until = await connection.ExecuteScalarAsync<long?>(
            "SELECT tickets_until FROM ended_accesses WHERE group_key = @Group AND user_key = @User",
            new { Group = AccountName.Key(group), User = AccountName.Key(user) });
        return DateTimeOffset.FromUnixTimeSeconds(Math.Max(now.ToUnixTimeSeconds(), until + 1 ?? 0));
    }

    /// <summary>What the peers of users have to know: of the groups that a user is a member of, or was until then.</summary>
    /// <returns>By user.</returns>
    public static async Task<ILookup<long, Revocation>> GetAsync(
        DbConnection connection, IEnumerable<CurrentUser> users, TrackerOptions options, DateTimeOffset now)
    {
        var since = Since(options, now);
        if (await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM ended_accesses WHERE tickets_until >= @since", new { since }) == 0)
        {
            return Array.Empty<Row>().ToLookup(row => row.UserId, row => row.ToAccess());
        }

        const string Columns = "r.id AS UserId, e.group_name AS GroupName, e.user_name AS UserName, e.tickets_until AS TicketsUntil";
        var asked = connection.Rows("@Users", ("id", "BIGINT"), ("key", "TEXT"));
        var rows = await connection.QueryAsync<Row>(
            $"""
            SELECT {Columns} FROM {asked} CROSS JOIN members m CROSS JOIN groups g CROSS JOIN ended_accesses e
            WHERE m.user_id = r.id AND g.id = m.group_id AND e.group_key = g.name_key AND e.tickets_until >= @since
            UNION
            SELECT {Columns} FROM {asked} CROSS JOIN ended_accesses own CROSS JOIN ended_accesses e
            WHERE own.user_key = r.key AND e.group_key = own.group_key AND e.tickets_until BETWEEN @since AND own.tickets_until
            """,
            new { since, Users = JsonSerializer.Serialize(users.Select(user => new { id = user.Id, key = AccountName.Key(user.Name) })) });
        return rows.ToLookup(row => row.UserId, row => row.ToAccess());
    }

    /// <summary>Forgets what no ticket can be held against any more.</summary>
    public static Task ForgetAsync(DbConnection connection, TrackerOptions options, DateTimeOffset now) => connection.ExecuteAsync(
        "DELETE FROM ended_accesses WHERE tickets_until < @Since", new { Since = Since(options, now) });

    private static long Since(TrackerOptions options, DateTimeOffset now) =>
        (now - options.TicketLifetime - TicketValidator.ClockSkew).ToUnixTimeSeconds();

    // Properties, not a constructor: of a result without rows SQLite cannot tell the types that a constructor is chosen by.
    private sealed class Row
    {
        public required long UserId { get; init; }

        public required string GroupName { get; init; }

        public required string UserName { get; init; }

        public required long TicketsUntil { get; init; }

        public Revocation ToAccess() => new(GroupName, UserName, DateTimeOffset.FromUnixTimeSeconds(TicketsUntil));
    }
}
