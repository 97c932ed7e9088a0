using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dapper;
using Npgsql;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Http;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Peers;

/// <summary>The rows of peers.</summary>
internal static partial class PeerStore
{
    // No name of a user has it.
    private const char PlaceSeparator = '/';

    // So that the lock of a purge is short.
    private const int MaxFoundAtOnce = 100_000;

    /// <param name="Number">Position of the announce.</param>
    public readonly record struct AnnouncedPeer(int Number, string Session, long UserId, string Fingerprint, string Observed, string Own, int Port)
    {
        public static AnnouncedPeer Of(Announce announce, int number) => new(
            number, announce.User.SessionHash, announce.User.Id, announce.Request.Fingerprint.ToString(), announce.Observed, announce.Own, announce.Request.Port);
    }

    /// <summary>The peer of an announce whose session exists.</summary>
    /// <param name="Number">Position of the announce.</param>
    /// <param name="Id">Null if there is no row of the peer.</param>
    /// <param name="IsKnown">Whether it is online and of the announce's session.</param>
    public readonly record struct KnownPeer(int Number, long? Id, bool IsOnline, bool IsKnown);

    /// <param name="onlineSince">Peers that were last seen before are offline, and not known.</param>
    /// <returns>A row for each announce whose session exists.</returns>
    public static async Task<IReadOnlyList<KnownPeer>> FindKnownAsync(
        DbConnection connection, IEnumerable<AnnouncedPeer> announced, long onlineSince)
    {
        var rows = connection.Rows("@rows", ("number", "BIGINT"), ("session", "TEXT"), ("user_id", "BIGINT"), ("fingerprint", "TEXT"));
        var found = await connection.QueryAsync<KnownRow>(
            $"""
            SELECT r.number AS Number, COALESCE(p.id, 0) AS Id, CASE WHEN p.last_seen >= @onlineSince THEN 1 ELSE 0 END AS IsOnline,
                CASE WHEN p.session_hash = r.session THEN 1 ELSE 0 END AS IsOfSession
            FROM {rows} CROSS JOIN sessions s
            LEFT JOIN peers p ON p.user_id = r.user_id AND p.fingerprint = r.fingerprint
            WHERE s.token_hash = r.session
            """,
            new { rows = Json(announced), onlineSince });
        return [.. found.Select(row => new KnownPeer((int)row.Number, row.Id == 0 ? null : row.Id, row.IsOnline == 1, row is { IsOnline: 1, IsOfSession: 1 }))];
    }

    /// <summary>Whether a session has announced a peer of this fingerprint.</summary>
    public static async Task<bool> IsOfSessionAsync(DbConnection connection, string sessionHash, Hash256 fingerprint) =>
        await connection.ExecuteScalarAsync<long>(
            "SELECT COUNT(*) FROM peers WHERE session_hash = @sessionHash AND fingerprint = @Fingerprint",
            new { sessionHash, Fingerprint = fingerprint.ToString() }) > 0;

    /// <summary>Finds the peers that are on time, whose row is as they announce it, and that have lost nothing.</summary>
    // A session that ends deletes its peers: a peer that is found has its session.
    public static Task<IEnumerable<(long Number, long Peer)>> FindUnchangedAsync(DbConnection connection, IEnumerable<AnnouncedPeer> announced, long onTimeSince)
    {
        var rows = connection.Rows(
            "@rows", ("number", "BIGINT"), ("user_id", "BIGINT"), ("session", "TEXT"), ("fingerprint", "TEXT"), ("observed", "TEXT"), ("own", "TEXT"), ("port", "BIGINT"));
        return connection.QueryAsync<(long, long)>(
            $"""
            SELECT r.number, p.id FROM {rows} CROSS JOIN peers p
            WHERE p.user_id = r.user_id AND p.fingerprint = r.fingerprint AND p.last_seen >= @onTimeSince
                AND p.session_hash = r.session AND p.observed_address = r.observed AND p.own_addresses = r.own AND p.port = r.port
                AND NOT EXISTS (SELECT 1 FROM lost_holdings l WHERE l.peer_id = p.id)
            """,
            new { rows = Json(announced), onTimeSince });
    }

    /// <summary>Adds or updates peers; each user and fingerprint once.</summary>
    /// <returns>The id of each, by user and fingerprint.</returns>
    public static async Task<IReadOnlyDictionary<(long User, string Fingerprint), long>> SaveAsync(
        DbConnection connection, IEnumerable<AnnouncedPeer> announced, DateTimeOffset now)
    {
        var rows = connection.Rows(
            "@rows", ("user_id", "BIGINT"), ("session", "TEXT"), ("fingerprint", "TEXT"), ("observed", "TEXT"), ("own", "TEXT"), ("port", "BIGINT"));
        var peers = await connection.QueryAsync<SavedRow>(
            // Without a WHERE, SQLite would take the ON for that of a join.
            $"""
            INSERT INTO peers (user_id, session_hash, fingerprint, observed_address, own_addresses, port, last_seen)
            SELECT r.user_id, r.session, r.fingerprint, r.observed, r.own, r.port, @Now FROM {rows} WHERE 1 = 1
            ON CONFLICT (user_id, fingerprint) DO UPDATE SET session_hash = excluded.session_hash,
                observed_address = excluded.observed_address, own_addresses = excluded.own_addresses,
                port = excluded.port, last_seen = excluded.last_seen
            RETURNING id AS Id, user_id AS UserId, fingerprint AS Fingerprint
            """,
            new { rows = Json(announced), Now = now.ToUnixTimeSeconds() });
        return peers.ToDictionary(peer => (peer.UserId, peer.Fingerprint), peer => peer.Id);
    }

    /// <summary>Those of a session that has ended stay offline.</summary>
    /// <param name="peers">Ids.</param>
    public static Task SetLastSeenAsync(DbConnection connection, IEnumerable<long> peers, DateTimeOffset time) => connection.ExecuteAsync(
        $"UPDATE peers SET last_seen = @Time WHERE {connection.In("id", "@Peers")} AND last_seen < @Time AND last_seen > 0",
        new { Time = time.ToUnixTimeSeconds(), Peers = connection.List(peers) });

    /// <summary>Moves the peers of one session to another.</summary>
    public static Task MoveToSessionAsync(DbConnection connection, string from, string to) =>
        connection.ExecuteAsync("UPDATE peers SET session_hash = @to WHERE session_hash = @from", new { from, to });

    public static async Task<bool> ExistsOfUserAsync(DbConnection connection, long user) =>
        await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM (SELECT 1 FROM peers WHERE user_id = @user LIMIT 1) AS p", new { user }) > 0;

    /// <summary>Makes peers of a user count as offline since long ago.</summary>
    /// <param name="session">Those of this session; null: of all.</param>
    /// <param name="kept">Except those of this session.</param>
    /// <param name="ended">The session that keeps them until they are removed.</param>
    public static Task EndAsync(DbConnection connection, long user, string? session, string? kept, string ended) => connection.ExecuteAsync(
        $"""
        UPDATE peers SET session_hash = @ended, last_seen = 0
        WHERE user_id = @user AND session_hash <> @Kept {(session is null ? "" : "AND session_hash = @session")}
        """,
        new { user, session, Kept = kept ?? "", ended });

    /// <summary>Removes a peer. One that holds much is offline at once, and a purge removes it.</summary>
    public static async Task<bool> RemoveAsync(DbConnection connection, long user, Hash256 fingerprint)
    {
        var peer = await connection.QuerySingleOrDefaultAsync<long?>(
            "SELECT id FROM peers WHERE user_id = @user AND fingerprint = @Fingerprint", new { user, Fingerprint = fingerprint.ToString() });
        if (peer is not { } id)
        {
            return false;
        }

        if (await HoldingStore.RemoveSomeAsync(connection, [id], PartialDelete.MaxRows) < PartialDelete.MaxRows)
        {
            return await connection.ExecuteAsync("DELETE FROM peers WHERE id = @id", new { id }) == 1;
        }

        return await connection.ExecuteAsync("UPDATE peers SET last_seen = 0 WHERE id = @id", new { id }) == 1;
    }

    /// <summary>A user's peer as others see it; null if it is not online.</summary>
    public static Task<FoundPeer?> FindAsync(DbConnection connection, long user, Hash256 fingerprint, long onlineSince) => connection.QuerySingleOrDefaultAsync<FoundPeer>(
        """
        SELECT p.id AS Id, p.fingerprint AS Fingerprint, u.guid AS UserGuid, s.guid AS SessionGuid, u.name AS UserName,
            p.observed_address AS ObservedAddress, p.own_addresses AS OwnAddresses, p.port AS Port
        FROM peers p JOIN users u ON u.id = p.user_id JOIN sessions s ON s.token_hash = p.session_hash
        WHERE p.user_id = @user AND p.fingerprint = @Fingerprint AND p.last_seen >= @onlineSince
        """,
        new { user, Fingerprint = fingerprint.ToString(), onlineSince });

    /// <summary>The peers online that offer something in a group.</summary>
    /// <returns>Sorted by the name of the user, then by fingerprint.</returns>
    public static Task<IEnumerable<ListedPeer>> ListAsync(DbConnection connection, long group, long onlineSince, PageRange page)
    {
        var (user, fingerprint) = page.AfterKey?.Split(PlaceSeparator) is [var afterUser, var afterPeer] ? (afterUser, afterPeer) : (page.From, "");
        return connection.QueryAsync<ListedPeer>(
            // In this order: CROSS JOIN keeps SQLite from beginning with all users or all peers.
            $"""
            SELECT p.fingerprint AS Fingerprint, p.user_name AS UserName, p.observed_address AS ObservedAddress, p.own_addresses AS OwnAddresses,
                p.port AS Port, p.last_seen AS LastSeen, {Contents("complete = 1")} AS CompleteContents, {Contents("complete = 0")} AS PartialContents
            FROM (SELECT p.id, p.fingerprint, u.name_key, u.name AS user_name, p.observed_address, p.own_addresses, p.port, p.last_seen
                FROM members m CROSS JOIN users u CROSS JOIN peers p
                WHERE m.group_id = @group AND u.id = m.user_id AND p.user_id = m.user_id AND p.last_seen >= @onlineSince
                    AND (u.name_key, p.fingerprint) >= (@user, @From) AND u.name_key < @Until
                    AND EXISTS (SELECT 1 FROM holdings h WHERE h.peer_id = p.id AND h.group_id = @group)
                ORDER BY u.name_key, p.fingerprint LIMIT @Limit) AS p
            ORDER BY p.name_key, p.fingerprint
            """,
            new { group, onlineSince, user, From = fingerprint.Length == 0 ? "" : PageRange.Following(fingerprint), page.Until, page.Limit });

        static string Contents(string condition) => $"(SELECT COUNT(*) FROM holdings h WHERE h.peer_id = p.id AND h.group_id = @group AND h.{condition})";
    }

    /// <summary>A peer's place in the list of its group.</summary>
    public static string PlaceOf(PeerResponse peer) => $"{peer.UserName}{PlaceSeparator}{peer.Fingerprint}";

    /// <returns>How many peers of each user are online; users without one are left out.</returns>
    public static async Task<IReadOnlyDictionary<long, long>> CountOnlineAsync(DbConnection connection, IReadOnlyCollection<long> users, long onlineSince) =>
        users.Count == 0 ? new Dictionary<long, long>() : (await connection.QueryAsync<(long User, long Count)>(
                $"SELECT user_id, COUNT(*) FROM peers WHERE {connection.In("user_id", "@Users")} AND last_seen >= @onlineSince GROUP BY user_id",
                new { Users = connection.List(users), onlineSince }))
            .ToDictionary(row => row.User, row => row.Count);

    public static Task<long> CountOnlineAsync(DbConnection connection, long onlineSince) =>
        connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM peers WHERE last_seen >= @onlineSince", new { onlineSince });

    /// <summary>Finds peers that are offline. No index finds them, and there may be a million: not to be called in a write, for which others wait.</summary>
    public static async Task<IReadOnlyList<long>> FindExpiredAsync(DbConnection connection, long onlineSince) => (await connection.QueryAsync<long>(
        "SELECT id FROM peers WHERE last_seen < @onlineSince LIMIT @MaxFoundAtOnce", new { onlineSince, MaxFoundAtOnce })).AsList();

    /// <summary>Removes those of some peers that are still offline, or some of what they held.</summary>
    /// <param name="peers">Ids, at most <see cref="PartialDelete.MaxRows"/>.</param>
    /// <returns>Whether some are left.</returns>
    public static async Task<bool> PurgeExpiredAsync(DbConnection connection, IReadOnlyCollection<long> peers, long onlineSince)
    {
        return await RemoveSomeAsync(
            connection,
            (await connection.QueryAsync<long>(
                // In PostgreSQL one that another instance is about to write stays.
                $"SELECT id FROM peers WHERE {connection.In("id", "@Peers")} AND last_seen < @onlineSince {(connection is NpgsqlConnection ? "FOR UPDATE SKIP LOCKED" : "")}", new { Peers = connection.List(peers), onlineSince })).AsList());
    }

    /// <summary>Removes some peers of a user, or some of what they held.</summary>
    /// <returns>Whether more may be left.</returns>
    public static async Task<bool> RemoveSomeOfUserAsync(DbConnection connection, long user)
    {
        var peers = (await connection.QueryAsync<long>(
            "SELECT id FROM peers WHERE user_id = @user LIMIT @MaxRows", new { user, PartialDelete.MaxRows })).AsList();
        return await RemoveSomeAsync(connection, peers) || peers.Count == PartialDelete.MaxRows;
    }

    /// <returns>Whether some of these are left.</returns>
    private static async Task<bool> RemoveSomeAsync(DbConnection connection, List<long> peers)
    {
        if (peers.Count == 0)
        {
            return false;
        }

        if (await HoldingStore.RemoveSomeAsync(connection, peers, PartialDelete.MaxRows) == PartialDelete.MaxRows)
        {
            return true;
        }

        await connection.ExecuteAsync($"DELETE FROM peers WHERE {connection.In("id", "@Peers")}", new { Peers = connection.List(peers) });
        return false;
    }

    private static string Json(IEnumerable<AnnouncedPeer> rows) => JsonSerializer.Serialize(rows, PeerRowJson.Default.IEnumerableAnnouncedPeer);

    private sealed record KnownRow
    {
        public required long Number { get; init; }

        public required long Id { get; init; }

        public required long IsOnline { get; init; }

        public required long IsOfSession { get; init; }
    }

    private sealed record SavedRow
    {
        public required long Id { get; init; }

        public required long UserId { get; init; }

        public required string Fingerprint { get; init; }
    }

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, GenerationMode = JsonSourceGenerationMode.Default)]
    [JsonSerializable(typeof(IEnumerable<AnnouncedPeer>))]
    private sealed partial class PeerRowJson : JsonSerializerContext;
}
