using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dapper;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Groups;
using P2PShare.TrackerHost.Hosting;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Peers;

/// <summary>
/// Writes the announces of many peers with a few statements for all of them: announces are the load that grows with the
/// number of peers.
/// </summary>
internal sealed partial class AnnounceBatch(DbConnection connection, TrackerOptions options, DateTimeOffset now)
{
    /// <returns>The answer to each, in their order; null where the session has ended meanwhile.</returns>
    public async Task<IReadOnlyList<AnnounceResponse?>> WriteAsync(IReadOnlyList<Announce> announces)
    {
        var answers = new AnnounceResponse?[announces.Count];
        // What one peer says twice has an order.
        foreach (var turn in Turns(announces))
        {
            await WriteAsync(announces, turn, answers);
        }

        return answers;
    }

    private static List<List<int>> Turns(IReadOnlyList<Announce> announces)
    {
        var turns = new List<List<int>>();
        var times = new Dictionary<(long User, Hash256 Fingerprint), int>();
        for (var i = 0; i < announces.Count; i++)
        {
            var peer = (announces[i].User.Id, announces[i].Request.Fingerprint);
            var turn = times[peer] = times.GetValueOrDefault(peer, -1) + 1;
            if (turn == turns.Count)
            {
                turns.Add([]);
            }

            turns[turn].Add(i);
        }

        return turns;
    }

    private async Task WriteAsync(IReadOnlyList<Announce> announces, List<int> turn, AnnounceResponse?[] answers)
    {
        var known = (await FindPeersAsync(announces, turn)).ToDictionary(row => (int)row.Number);
        var kept = turn.Where(i => known.ContainsKey(i) && (announces[i].Request.Full || known[i].IsKnown == 1)).ToList();
        var peers = await KeepPeersAsync(announces, kept);
        var rejected = await KeepHoldingsAsync(announces, kept, peers);
        var ended = await RevocationStore.GetAsync(connection, known.Keys.Select(i => announces[i].User).DistinctBy(user => user.Id), options, now);
        var interval = (int)options.AnnounceInterval.TotalSeconds;
        foreach (var i in known.Keys)
        {
            answers[i] = new AnnounceResponse(interval, peers.ContainsKey(i), [.. rejected[i]], [.. ended[announces[i].User.Id]]);
        }
    }

    /// <returns>A row for each announce whose session is there, and whether its peer is known.</returns>
    private Task<IEnumerable<FoundRow>> FindPeersAsync(IReadOnlyList<Announce> announces, List<int> turn)
    {
        var rows = connection.Rows("@rows", ("number", "BIGINT"), ("session", "TEXT"), ("user_id", "BIGINT"), ("fingerprint", "TEXT"));
        return connection.QueryAsync<FoundRow>(
            $"""
            SELECT r.number AS Number, CASE WHEN p.last_seen >= @SeenSince THEN 1 ELSE 0 END AS IsKnown
            FROM {rows} CROSS JOIN sessions s
            LEFT JOIN peers p ON p.user_id = r.user_id AND p.fingerprint = r.fingerprint
            WHERE s.token_hash = r.session
            """,
            new
            {
                rows = Json(
                    turn.Select(i => new AskedRow(i, announces[i].User.SessionHash, announces[i].User.Id, announces[i].Request.Fingerprint.ToString())),
                    RowJson.Default.IEnumerableAskedRow),
                SeenSince = options.PeersSeenSince(now),
            });
    }

    /// <returns>The id of each announce's peer.</returns>
    private async Task<Dictionary<int, long>> KeepPeersAsync(IReadOnlyList<Announce> announces, List<int> kept)
    {
        if (kept.Count == 0)
        {
            return [];
        }

        var rows = connection.Rows(
            "@rows", ("user_id", "BIGINT"), ("session", "TEXT"), ("fingerprint", "TEXT"), ("observed", "TEXT"), ("own", "TEXT"), ("port", "BIGINT"));
        var peers = await connection.QueryAsync<PeerRow>(
            // Without a WHERE, SQLite would take the ON for that of a join.
            $"""
            INSERT INTO peers (user_id, session_hash, fingerprint, observed_address, own_addresses, port, last_seen)
            SELECT r.user_id, r.session, r.fingerprint, r.observed, r.own, r.port, @Now FROM {rows} WHERE 1 = 1
            ON CONFLICT (user_id, fingerprint) DO UPDATE SET session_hash = excluded.session_hash,
                observed_address = excluded.observed_address, own_addresses = excluded.own_addresses,
                port = excluded.port, last_seen = excluded.last_seen
            RETURNING id AS Id, user_id AS UserId, fingerprint AS Fingerprint
            """,
            new
            {
                rows = Json(
                    kept.Select(i => announces[i]).Select(announce => new KeptRow(
                        announce.User.Id, announce.User.SessionHash, announce.Request.Fingerprint.ToString(), announce.Observed, announce.Own, announce.Request.Port)),
                    RowJson.Default.IEnumerableKeptRow),
                Now = now.ToUnixTimeSeconds(),
            });
        var ids = peers.ToDictionary(peer => (peer.UserId, peer.Fingerprint), peer => peer.Id);
        return kept.ToDictionary(i => i, i => ids[(announces[i].User.Id, announces[i].Request.Fingerprint.ToString())]);
    }

    /// <returns>By announce, what was not kept: the user is no member of the group, or the group has no such content.</returns>
    private async Task<ILookup<int, Announcement>> KeepHoldingsAsync(IReadOnlyList<Announce> announces, List<int> kept, Dictionary<int, long> peers)
    {
        var full = kept.Where(i => announces[i].Request.Full).ToList();
        var said = kept.SelectMany(i => announces[i].Request.Holdings.Select(holding => (Announce: i, Announcement: holding))).ToList();
        var removed = kept.Except(full).SelectMany(i => announces[i].Request.Removed.Select(holding => (Announce: i, Announcement: holding))).ToList();
        if (full.Count + said.Count + removed.Count == 0)
        {
            return said.ToLookup(_ => 0, one => one.Announcement);
        }

        var groups = await FindGroupsAsync(said.Concat(removed)
            .Select(one => new GroupRow(announces[one.Announce].User.Id, AccountName.Key(one.Announcement.Group))).Distinct());
        HoldingKey? KeyOf((int Announce, Announcement Announcement) one) =>
            groups.TryGetValue(new GroupRow(announces[one.Announce].User.Id, AccountName.Key(one.Announcement.Group)), out var group)
                ? new HoldingKey(peers[one.Announce], group, one.Announcement.PiecesRoot.ToString())
                : null;

        var contents = await FindContentsAsync(said.Select(KeyOf).OfType<HoldingKey>().Select(key => new ContentRow(key.Group, key.Root)).Distinct());
        var rejected = new List<(int Announce, Announcement Announcement)>();
        var holds = new Dictionary<HoldingKey, long>();
        foreach (var one in said)
        {
            if (KeyOf(one) is { } key && contents.Contains(new ContentRow(key.Group, key.Root)))
            {
                holds[key] = one.Announcement.Complete ? 1 : 0;
            }
            else
            {
                rejected.Add(one);
            }
        }

        var held = await FindHeldAsync(full.Select(i => peers[i]));
        // What is said again is written once.
        await AddAsync(holds.Where(hold => !held.TryGetValue(hold.Key, out var complete) || complete != hold.Value));
        await RemoveAsync(removed.Select(KeyOf).OfType<HoldingKey>().Concat(held.Keys).Where(key => !holds.ContainsKey(key)));
        return rejected.ToLookup(one => one.Announce, one => one.Announcement);
    }

    /// <returns>The id of each group that the user is a member of.</returns>
    private async Task<Dictionary<GroupRow, long>> FindGroupsAsync(IEnumerable<GroupRow> asked)
    {
        // What cannot be a name is not looked for: PostgreSQL knows no text with a zero in it.
        var rows = asked.Where(row => AccountName.FindProblem(row.Name) is null).ToList();
        return rows.Count == 0 ? [] : (await connection.QueryAsync<(long User, string Name, long Id)>(
                $"""
                SELECT r.user_id, r.name, g.id FROM {connection.Rows("@rows", ("user_id", "BIGINT"), ("name", "TEXT"))}
                CROSS JOIN groups g CROSS JOIN members m WHERE g.name_key = r.name AND m.group_id = g.id AND m.user_id = r.user_id
                """,
                new { rows = Json(rows, RowJson.Default.IEnumerableGroupRow) }))
            .ToDictionary(row => new GroupRow(row.User, row.Name), row => row.Id);
    }

    /// <returns>Those that are contents of their groups, replaced ones that may still be fetched included.</returns>
    private async Task<HashSet<ContentRow>> FindContentsAsync(IEnumerable<ContentRow> asked) => [.. await connection.QueryAsync<ContentRow>(
        $"""
        SELECT r.group_id AS GroupId, r.root AS Root FROM {connection.Rows("@rows", ("group_id", "BIGINT"), ("root", "TEXT"))}
        WHERE EXISTS (SELECT 1 FROM files f WHERE f.group_id = r.group_id AND f.pieces_root = r.root)
            OR EXISTS (SELECT 1 FROM retired_contents c WHERE c.group_id = r.group_id AND c.pieces_root = r.root AND c.expires > @Now)
        """,
        new { rows = Json(asked, RowJson.Default.IEnumerableContentRow), Now = now.ToUnixTimeSeconds() })];

    private async Task<Dictionary<HoldingKey, long>> FindHeldAsync(IEnumerable<long> peers)
    {
        var asked = peers.ToArray();
        return asked.Length == 0 ? [] : (await connection.QueryAsync<(long Peer, long Group, string Root, long Complete)>(
                $"SELECT peer_id, group_id, pieces_root, complete FROM holdings WHERE {connection.In("peer_id", "@Asked")}", new { Asked = connection.List(asked) }))
            .ToDictionary(row => new HoldingKey(row.Peer, row.Group, row.Root), row => row.Complete);
    }

    private async Task AddAsync(IEnumerable<KeyValuePair<HoldingKey, long>> holds)
    {
        var rows = holds.Select(hold => new HoldingRow(hold.Key.Peer, hold.Key.Group, hold.Key.Root, hold.Value, Random.Shared.NextInt64(uint.MaxValue))).ToList();
        if (rows.Count > 0)
        {
            await connection.ExecuteAsync(
                $"""
                INSERT INTO holdings (peer_id, group_id, pieces_root, complete, place)
                SELECT r.peer_id, r.group_id, r.root, r.complete, r.place
                FROM {connection.Rows("@rows", ("peer_id", "BIGINT"), ("group_id", "BIGINT"), ("root", "TEXT"), ("complete", "BIGINT"), ("place", "BIGINT"))}
                WHERE 1 = 1
                ON CONFLICT (peer_id, group_id, pieces_root) DO UPDATE SET complete = excluded.complete
                """,
                new { rows = Json(rows, RowJson.Default.IEnumerableHoldingRow) });
        }
    }

    private async Task RemoveAsync(IEnumerable<HoldingKey> keys)
    {
        var rows = keys.Select(key => new HoldingRow(key.Peer, key.Group, key.Root, 0, 0)).ToList();
        if (rows.Count > 0)
        {
            await connection.ExecuteAsync(
                $"""
                DELETE FROM holdings WHERE (peer_id, group_id, pieces_root) IN (
                    SELECT r.peer_id, r.group_id, r.root FROM {connection.Rows("@rows", ("peer_id", "BIGINT"), ("group_id", "BIGINT"), ("root", "TEXT"))})
                """,
                new { rows = Json(rows, RowJson.Default.IEnumerableHoldingRow) });
        }
    }

    private static string Json<T>(IEnumerable<T> rows, System.Text.Json.Serialization.Metadata.JsonTypeInfo<IEnumerable<T>> type) =>
        JsonSerializer.Serialize(rows, type);

    private readonly record struct HoldingKey(long Peer, long Group, string Root);

    private readonly record struct AskedRow(int Number, string Session, long UserId, string Fingerprint);

    private readonly record struct KeptRow(long UserId, string Session, string Fingerprint, string Observed, string Own, int Port);

    private readonly record struct GroupRow(long UserId, string Name);

    private readonly record struct ContentRow(long GroupId, string Root);

    private readonly record struct HoldingRow(long PeerId, long GroupId, string Root, long Complete, long Place);

    private sealed record FoundRow
    {
        public required long Number { get; init; }

        public required long IsKnown { get; init; }
    }

    private sealed record PeerRow
    {
        public required long Id { get; init; }

        public required long UserId { get; init; }

        public required string Fingerprint { get; init; }
    }

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, GenerationMode = JsonSourceGenerationMode.Default)]
    [JsonSerializable(typeof(IEnumerable<AskedRow>))]
    [JsonSerializable(typeof(IEnumerable<KeptRow>))]
    [JsonSerializable(typeof(IEnumerable<GroupRow>))]
    [JsonSerializable(typeof(IEnumerable<ContentRow>))]
    [JsonSerializable(typeof(IEnumerable<HoldingRow>))]
    private sealed partial class RowJson : JsonSerializerContext;
}
