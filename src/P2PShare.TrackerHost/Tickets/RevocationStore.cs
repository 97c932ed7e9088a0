using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dapper;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Tickets;

/// <summary>
/// The rows of revocations: a sequence that is only appended to, each row for as long as its tickets could still be used. A peer's
/// announce reports the last number that it knows, and the response has those after it that concern the peer.
/// </summary>
internal static partial class RevocationStore
{
    // Tickets are issued until the revocation is committed, and by other instances, whose clocks may be some seconds ahead.
    private const int SecondsUnderWay = 30;

    // A revocation of a member's session that is under way beside that of the group dates the tickets that follow it further ahead.
    private const int GroupSecondsUnderWay = 2 * SecondsUnderWay;

    private const string LastOfUser = "SELECT MAX(tickets_until) FROM revocations WHERE user_guid = @user";

    private const string LastOfGroup =
        """
        SELECT MAX(tickets_until) FROM revocations WHERE group_guid = @group OR (group_guid IS NULL AND user_guid IN (
            SELECT u.guid FROM groups g JOIN members m ON m.group_id = g.id JOIN users u ON u.id = m.user_id WHERE g.guid = @group))
        """;

    /// <summary>A peer that has to know revocations.</summary>
    /// <param name="Number">Position of its announce.</param>
    /// <param name="After">The last revocation that it knows.</param>
    public readonly record struct Reader(int Number, long UserId, string UserGuid, long After);

    /// <summary>Revokes the tickets of a member of a group. To be called while the membership still exists; does nothing if there is none.</summary>
    public static async Task AddMemberAsync(DbConnection connection, long group, long user, DateTimeOffset now)
    {
        var guids = await connection.QuerySingleOrDefaultAsync<(string Group, string User)?>(
            """
            SELECT g.guid, u.guid FROM members m JOIN groups g ON g.id = m.group_id JOIN users u ON u.id = m.user_id
            WHERE m.group_id = @group AND m.user_id = @user
            """,
            new { group, user });
        if (guids is var (groupGuid, userGuid))
        {
            var number = await AddAsync(connection, groupGuid, userGuid, null, now);
            await AddFormerMembersAsync(connection, group, [user], number);
        }
    }

    /// <summary>
    /// Revokes the tickets for a group with one row. To be called while the group still exists. Its members have to know it: who is removed from a deleted
    /// group becomes one of <see cref="AddFormerMembersAsync"/>.
    /// </summary>
    /// <returns>Its number.</returns>
    public static async Task<long> AddGroupAsync(DbConnection connection, long group, DateTimeOffset now)
    {
        var guid = await connection.QuerySingleAsync<string>("SELECT guid FROM groups WHERE id = @group", new { group });
        return await AddAsync(connection, guid, null, null, now);
    }

    /// <summary>Revokes the tickets of a user.</summary>
    /// <param name="session">Those that this session asked for; null: all.</param>
    public static Task AddAsync(DbConnection connection, Guid user, Guid? session, DateTimeOffset now) =>
        AddAsync(connection, null, user.ToString("D"), session?.ToString("D"), now);

    /// <summary>The time that a ticket bears which is issued now: later than those that are revoked.</summary>
    public static async Task<DateTimeOffset> IssueTimeAsync(DbConnection connection, Ticket ticket, DateTimeOffset now)
    {
        var until = await connection.ExecuteScalarAsync<long?>(
            """
            SELECT MAX(tickets_until) FROM revocations
            WHERE user_guid = @User AND (group_guid IS NULL OR group_guid = @Group) AND (session_guid IS NULL OR session_guid = @Session)
            """,
            new { User = ticket.UserId.ToString("D"), Group = ticket.GroupId.ToString("D"), Session = ticket.SessionId.ToString("D") });
        return DateTimeOffset.FromUnixTimeSeconds(Math.Max(now.ToUnixTimeSeconds(), until + 1 ?? 0));
    }

    /// <summary>
    /// The revocations that peers have to know: of the groups that their user is a member of, or was until then or until their deletion, and of the members of
    /// those groups.
    /// </summary>
    public static async Task<NewRevocations> ReadAsync(DbConnection connection, IReadOnlyList<Reader> readers, TicketOptions options, DateTimeOffset now)
    {
        // Read first: what is committed meanwhile has a later number, and comes with the next announce.
        var (last, newest, highest) = await connection.FindLastNumberAsync("(SELECT COALESCE(MAX(number), 0) FROM revocations)");
        // A database that was restored from a backup counts from there again.
        var known = readers.Select(reader => reader.After > highest ? reader with { After = 0 } : reader).ToList();
        // An earlier response may have had a later number, when fewer transactions were under way.
        var numbers = known.ToDictionary(reader => reader.Number, reader => Math.Max(reader.After, last));
        // Peers of one user that know the same have to know the same.
        var behind = known.Where(reader => reader.After < newest).GroupBy(reader => (reader.UserId, reader.After)).ToList();
        if (behind.Count == 0)
        {
            return new NewRevocations(numbers, Array.Empty<Row>().ToLookup(row => 0, row => row.ToRevocation()));
        }

        const string Columns = "e.number AS Number, e.group_guid AS GroupGuid, e.user_guid AS UserGuid, e.session_guid AS SessionGuid, e.tickets_until AS TicketsUntil";
        const string IsNew = "e.number > r.after AND e.number <= @last AND e.tickets_until >= @Since";
        var asked = connection.Rows("@Readers", ("number", "BIGINT"), ("user_id", "BIGINT"), ("user_guid", "TEXT"), ("after", "BIGINT"));
        var rows = await connection.QueryAsync<Row>(
            $"""
            SELECT * FROM (SELECT found.*, ROW_NUMBER() OVER (PARTITION BY found.Reader ORDER BY found.Number) AS place FROM (
            SELECT r.number AS Reader, {Columns} FROM {asked} CROSS JOIN members m CROSS JOIN all_groups g CROSS JOIN revocations e
            WHERE m.user_id = r.user_id AND g.id = m.group_id AND e.group_guid = g.guid AND {IsNew}
            UNION
            SELECT r.number AS Reader, {Columns} FROM {asked} CROSS JOIN former_members f CROSS JOIN revocations e
            WHERE f.user_guid = r.user_guid AND e.group_guid = f.group_guid AND e.number <= f.number AND {IsNew}
            UNION
            SELECT r.number AS Reader, {Columns} FROM {asked} CROSS JOIN revocations e
            WHERE e.group_guid IS NULL AND {IsNew} AND EXISTS (
                SELECT 1 FROM users u JOIN members other ON other.user_id = u.id JOIN members own ON own.group_id = other.group_id
                WHERE u.guid = e.user_guid AND own.user_id = r.user_id)
            ) AS found) AS placed WHERE place <= @Most
            """,
            new
            {
                last,
                Since = Since(options, now),
                Readers = JsonSerializer.Serialize(behind.Select(same => same.First()), ReaderJson.Default.IEnumerableReader),
                // One more shows that there are more.
                Most = AnnounceResponse.MaxRevocations + 1,
            });
        var read = rows.OrderBy(row => row.Number).ToLookup(row => (int)row.Reader, row => row.ToRevocation());
        return new NewRevocations(
            numbers,
            behind.SelectMany(same => same.SelectMany(reader => read[same.First().Number].Select(revocation => (reader.Number, revocation))))
                .ToLookup(one => one.Number, one => one.revocation));
    }

    /// <summary>Deletes the revocations that are older than any valid ticket.</summary>
    /// <inheritdoc cref="PartialDelete.DeleteSomeAsync" path="/returns"/>
    public static async Task<bool> PurgeExpiredAsync(DbConnection connection, TicketOptions options, DateTimeOffset now)
    {
        var more = await connection.DeleteSomeAsync("revocations", "number", "tickets_until < @Since", new { Since = Since(options, now) });
        // A removal that is under way gives its row a later number. The event of a group's deletion is for the group's former members.
        return more || await connection.DeleteSomeAsync(
            "former_members",
            "user_guid, group_guid",
            $"""
            NOT EXISTS (SELECT 1 FROM revocations r WHERE r.number = former_members.number)
            AND NOT EXISTS (SELECT 1 FROM events e WHERE e.members_until = former_members.number) AND number <= {connection.LastNumber()}
            """,
            new { });
    }

    private static async Task<long> AddAsync(DbConnection connection, string? group, string? user, string? session, DateTimeOffset now)
    {
        var number = await connection.TakeNumbersAsync(1);
        // Tickets that were issued since an earlier revocation bear a time after it, which may be in the future.
        var earlier = await connection.ExecuteScalarAsync<long?>(user is null ? LastOfGroup : LastOfUser, new { group, user });
        var until = Math.Max(now.ToUnixTimeSeconds() + (user is null ? GroupSecondsUnderWay : SecondsUnderWay), earlier + 1 ?? 0);
        await connection.ExecuteAsync(
            "INSERT INTO revocations (number, group_guid, user_guid, session_guid, tickets_until) VALUES (@number, @group, @user, @session, @until)",
            new { number, group, user, session, until });
        return number;
    }

    /// <summary>Lets users know the revocations of a group, which may be a deleted one, that they are no longer members of.</summary>
    /// <param name="number">Up to this one.</param>
    public static Task AddFormerMembersAsync(DbConnection connection, long group, IReadOnlyCollection<long> users, long number) => connection.ExecuteAsync(
        $"""
        INSERT INTO former_members (group_guid, user_guid, number)
        SELECT g.guid, u.guid, @number FROM users u CROSS JOIN all_groups g WHERE g.id = @group AND {connection.In("u.id", "@Users")}
        ON CONFLICT (user_guid, group_guid) DO UPDATE SET number = excluded.number
        """,
        new { group, Users = connection.List(users), number });

    private static long Since(TicketOptions options, DateTimeOffset now) =>
        (now - options.TicketLifetime - TicketValidator.ClockSkew).ToUnixTimeSeconds();

    /// <summary>What each of several peers has to know.</summary>
    /// <param name="numbers">Up to which number each knows all.</param>
    /// <param name="revocations">By the position of the announce, the oldest first.</param>
    public sealed class NewRevocations(IReadOnlyDictionary<int, long> numbers, ILookup<int, Revocation> revocations)
    {
        /// <summary>At most <see cref="AnnounceResponse.MaxRevocations"/>.</summary>
        public IEnumerable<Revocation> this[int announce] => revocations[announce].Take(AnnounceResponse.MaxRevocations);

        /// <summary>The number after which the next response continues.</summary>
        public long NumberAfter(int announce) =>
            revocations[announce].Count() > AnnounceResponse.MaxRevocations ? this[announce].Last().Number : numbers[announce];
    }

    // Properties, not a constructor: SQLite does not report the types of a result without rows, which a constructor is chosen by.
    private sealed class Row
    {
        public required long Reader { get; init; }

        public required long Number { get; init; }

        public required string? GroupGuid { get; init; }

        public required string? UserGuid { get; init; }

        public required string? SessionGuid { get; init; }

        public required long TicketsUntil { get; init; }

        public Revocation ToRevocation() =>
            new(Number, Parse(GroupGuid), Parse(UserGuid), Parse(SessionGuid), DateTimeOffset.FromUnixTimeSeconds(TicketsUntil));

        private static Guid? Parse(string? guid) => guid is null ? null : Guid.Parse(guid);
    }

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, GenerationMode = JsonSourceGenerationMode.Default)]
    [JsonSerializable(typeof(IEnumerable<Reader>))]
    private sealed partial class ReaderJson : JsonSerializerContext;
}
