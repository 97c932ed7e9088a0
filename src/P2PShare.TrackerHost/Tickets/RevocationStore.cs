using System.Data.Common;
using System.Text.Json;
using Dapper;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Tickets;

/// <summary>
/// The rows of revocations: users whose access to a group has ended, for as long as their tickets could still be used. Sources
/// receive them in the response to their next announce.
/// </summary>
internal static class RevocationStore
{
    // Tickets are issued until the revocation is committed, and by other instances, whose clocks may be some seconds ahead.
    private const int SecondsUnderWay = 30;

    /// <summary>Revokes the tickets of a member of a group. To be called while the membership still exists.</summary>
    public static Task AddAsync(DbConnection connection, long group, long user, DateTimeOffset now) => connection.ExecuteAsync(
        """
        INSERT INTO revocations (group_key, user_key, group_name, user_name, tickets_until)
        SELECT g.name_key, u.name_key, g.name, u.name, @Until FROM members m
            JOIN groups g ON g.id = m.group_id
            JOIN users u ON u.id = m.user_id
            WHERE m.group_id = @group AND m.user_id = @user
        ON CONFLICT (group_key, user_key) DO UPDATE SET tickets_until = CASE
            WHEN excluded.tickets_until > revocations.tickets_until THEN excluded.tickets_until
            ELSE revocations.tickets_until + 1 END
        """,
        new { group, user, Until = now.ToUnixTimeSeconds() + SecondsUnderWay });

    /// <summary>
    /// Revokes the tickets of all members of a group, all of them until the same second, so that the peers of each
    /// receive all. To be called while the group still exists.
    /// </summary>
    public static async Task AddAllAsync(DbConnection connection, long group, DateTimeOffset now)
    {
        foreach (var user in await connection.QueryAsync<long>("SELECT user_id FROM members WHERE group_id = @group", new { group }))
        {
            await AddAsync(connection, group, user, now);
        }

        await connection.ExecuteAsync(
            """
            UPDATE revocations SET tickets_until =
                (SELECT MAX(other.tickets_until) FROM revocations other WHERE other.group_key = revocations.group_key)
            WHERE group_key = (SELECT g.name_key FROM groups g WHERE g.id = @group)
                AND user_key IN (SELECT u.name_key FROM members m JOIN users u ON u.id = m.user_id WHERE m.group_id = @group)
            """,
            new { group });
    }

    /// <summary>The time that a ticket bears which is issued now: later than those that are revoked.</summary>
    public static async Task<DateTimeOffset> IssueTimeAsync(DbConnection connection, string group, string user, DateTimeOffset now)
    {
        var until = await connection.ExecuteScalarAsync<long?>(
            "SELECT tickets_until FROM revocations WHERE group_key = @Group AND user_key = @User",
            new { Group = AccountName.Key(group), User = AccountName.Key(user) });
        return DateTimeOffset.FromUnixTimeSeconds(Math.Max(now.ToUnixTimeSeconds(), until + 1 ?? 0));
    }

    /// <summary>The revocations that the peers of users have to know: of the groups that a user is a member of, or was until then.</summary>
    /// <returns>By user.</returns>
    public static async Task<ILookup<long, Revocation>> GetAsync(
        DbConnection connection, IEnumerable<CurrentUser> users, TicketOptions options, DateTimeOffset now)
    {
        var since = Since(options, now);
        if (await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM revocations WHERE tickets_until >= @since", new { since }) == 0)
        {
            return Array.Empty<Row>().ToLookup(row => row.UserId, row => row.ToRevocation());
        }

        const string Columns = "r.id AS UserId, e.group_name AS GroupName, e.user_name AS UserName, e.tickets_until AS TicketsUntil";
        var asked = connection.Rows("@Users", ("id", "BIGINT"), ("key", "TEXT"));
        var rows = await connection.QueryAsync<Row>(
            $"""
            SELECT {Columns} FROM {asked} CROSS JOIN members m CROSS JOIN groups g CROSS JOIN revocations e
            WHERE m.user_id = r.id AND g.id = m.group_id AND e.group_key = g.name_key AND e.tickets_until >= @since
            UNION
            SELECT {Columns} FROM {asked} CROSS JOIN revocations own CROSS JOIN revocations e
            WHERE own.user_key = r.key AND e.group_key = own.group_key AND e.tickets_until BETWEEN @since AND own.tickets_until
            """,
            new { since, Users = JsonSerializer.Serialize(users.Select(user => new { id = user.Id, key = AccountName.Key(user.Name) })) });
        return rows.ToLookup(row => row.UserId, row => row.ToRevocation());
    }

    /// <summary>Deletes the revocations that are older than any valid ticket.</summary>
    public static Task PurgeExpiredAsync(DbConnection connection, TicketOptions options, DateTimeOffset now) => connection.ExecuteAsync(
        "DELETE FROM revocations WHERE tickets_until < @Since", new { Since = Since(options, now) });

    private static long Since(TicketOptions options, DateTimeOffset now) =>
        (now - options.TicketLifetime - TicketValidator.ClockSkew).ToUnixTimeSeconds();

    // Properties, not a constructor: SQLite does not report the types of a result without rows, which a constructor is chosen by.
    private sealed class Row
    {
        public required long UserId { get; init; }

        public required string GroupName { get; init; }

        public required string UserName { get; init; }

        public required long TicketsUntil { get; init; }

        public Revocation ToRevocation() => new(GroupName, UserName, DateTimeOffset.FromUnixTimeSeconds(TicketsUntil));
    }
}
