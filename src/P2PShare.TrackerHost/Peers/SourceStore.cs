using System.Data.Common;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dapper;
using Npgsql;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Peers;

/// <summary>
/// Reads which peers hold contents. All holdings of a content are in the order of their places. A place begins with a number of the peer's user, so that
/// the next user is one step through the index away, however many peers a user has.
/// </summary>
internal static partial class SourceStore
{
    /// <summary>Places that each user has.</summary>
    public const long PlacesOfUser = 1L << 32;

    /// <summary>SQL: the first place of the user of a peer <c>p</c>. Of users who registered one after the other the places are far apart (Knuth's multiplicative hash).</summary>
    public const string PlaceOfUser = "(p.user_id * 2654435761 % 2147483647) * 4294967296";

    private const long Places = 0x7FFF_FFFF * PlacesOfUser;

    private const string Holders = "SELECT peer_id, complete, place FROM holdings WHERE group_id = @group AND pieces_root = r.root AND ";

    /// <summary>Counts the holdings of each content, also of peers that are offline, up to a bound.</summary>
    /// <returns>By position of the content.</returns>
    public static async Task<IReadOnlyList<long>> CountAsync(DbConnection connection, long group, IReadOnlyList<Hash256> contents, int max) =>
        [.. (await connection.QueryAsync<(long Number, long Count)>(
                $"SELECT r.number, (SELECT COUNT(*) FROM (SELECT 1 FROM holdings WHERE group_id = @group AND pieces_root = r.root LIMIT @max) AS h) FROM {RangeRows(connection)}",
                new { group, max, rows = Json(Whole(contents)) }))
            .OrderBy(row => row.Number).Select(row => row.Count)];

    /// <summary>The peers online that hold each content.</summary>
    /// <param name="max">Of each content at most so many are looked at: it has no more holdings, also of peers that are offline.</param>
    /// <returns>By position of the content.</returns>
    public static async Task<ILookup<int, SourcePeer>> FindAsync(
        DbConnection connection, long group, IReadOnlyList<Hash256> contents, int max, long onlineSince) => await FindPeersAsync(
        connection, group, await FindHoldersAsync(connection, Whole(contents), $"({Holders} 1 = 1 LIMIT @max)", group, max), onlineSince);

    /// <summary>
    /// Of each content some peers online that hold it, of as many users as possible: those that follow a random place, and of each some that follow
    /// a random one of the user's places. So a user with many peers does not hide the one of another user.
    /// </summary>
    /// <param name="users">Of each content at most, with complete ones and with others.</param>
    /// <param name="peers">Of each content at most about twice as many.</param>
    /// <returns>By position of the content.</returns>
    public static async Task<ILookup<int, SourcePeer>> FindOfUsersAsync(
        DbConnection connection, long group, IReadOnlyList<Hash256> contents, int users, int peers, long onlineSince)
    {
        var walked = await FindUsersAsync(connection, group, contents, users);
        var held = new List<Holder>();
        // A limit is the same for all rows of a statement: contents with about as many users share one.
        foreach (var alike in walked.GroupBy(holders => int.Log2(Math.Max(1, peers / holders.Count()))))
        {
            var ranges = alike.SelectMany(holders => holders.SelectMany(holder =>
            {
                var middle = holder.Place + Random.Shared.NextInt64(PlacesOfUser);
                return new[] { holder with { Place = middle, EndPlace = holder.Place + PlacesOfUser }, holder with { EndPlace = middle } };
            }));
            held.AddRange(await FindHoldersAsync(
                connection,
                ranges,
                $"({Holders} complete = r.complete AND place >= r.place AND place < r.end_place ORDER BY place LIMIT @max)",
                group,
                1 << alike.Key));
        }

        return await FindPeersAsync(connection, group, held, onlineSince);
    }

    // By content: the first place of each user, complete ones and others.
    private static async Task<IEnumerable<IGrouping<int, Range>>> FindUsersAsync(DbConnection connection, long group, IReadOnlyList<Hash256> contents, int users)
    {
        const string Next = "SELECT MIN(h.place) FROM holdings h WHERE h.group_id = @group AND";
        var from = Random.Shared.NextInt64(Places);
        var starts = contents.SelectMany((root, number) => new Range[]
        {
            new(number, root.ToString(), 1, from, Places),
            new(number, root.ToString(), 1, 0, from),
            new(number, root.ToString(), 0, from, Places),
            new(number, root.ToString(), 0, 0, from),
        });
        var found = await connection.QueryAsync<(long Number, string Root, long Complete, long Place)>(
            $"""
            WITH RECURSIVE walk (number, root, complete, place, end_place, step) AS (
                SELECT r.number, r.root, r.complete,
                    ({Next} h.pieces_root = r.root AND h.complete = r.complete AND h.place >= r.place AND h.place < r.end_place), r.end_place, CAST(1 AS BIGINT)
                FROM {RangeRows(connection)}
                UNION ALL
                SELECT w.number, w.root, w.complete,
                    ({Next} h.pieces_root = w.root AND h.complete = w.complete AND h.place >= (w.place / 4294967296 + 1) * 4294967296 AND h.place < w.end_place),
                    w.end_place, w.step + 1
                FROM walk w WHERE w.place IS NOT NULL AND w.step < @users
            )
            SELECT number, root, complete, place / 4294967296 * 4294967296 FROM walk WHERE place IS NOT NULL ORDER BY number, complete, place < @from, place
            """,
            new { group, users, from, rows = Json(starts) });
        return found.Distinct().GroupBy(row => (row.Number, row.Complete)).SelectMany(rows => rows.Take(users))
            .Select(row => new Range((int)row.Number, row.Root, row.Complete, row.Place, row.Place))
            .GroupBy(range => range.Number);
    }

    private static async Task<List<Holder>> FindHoldersAsync(DbConnection connection, IEnumerable<Range> ranges, string holders, long group, int max)
    {
        // A number for the peer and whether it has all: what follows a row of another table can have one column on both databases.
        var chosen = $"SELECT peer_id * 2 + complete AS holder FROM {holders} AS q";
        var each = connection is NpgsqlConnection ? $"unnest(ARRAY({chosen})) AS c(value)" : $"json_each((SELECT json_group_array(holder) FROM ({chosen}))) AS c";
        return (await connection.QueryAsync<(long Number, long Holder)>(
                $"SELECT r.number, c.value FROM {RangeRows(connection)} CROSS JOIN {each}", new { group, max, rows = Json(ranges) }))
            .Select(row => new Holder((int)row.Number, row.Holder / 2, row.Holder % 2 == 1)).ToList();
    }

    // Each peer is read once, however many of the contents it has.
    private static async Task<ILookup<int, SourcePeer>> FindPeersAsync(DbConnection connection, long group, List<Holder> held, long onlineSince)
    {
        var found = (await connection.QueryAsync<FoundPeer>(
                $"""
                SELECT p.id AS Id, p.fingerprint AS Fingerprint, u.guid AS UserGuid, s.guid AS SessionGuid, u.name AS UserName,
                    p.observed_address AS ObservedAddress, p.own_addresses AS OwnAddresses, p.port AS Port
                -- In this order: CROSS JOIN keeps SQLite from beginning with the members.
                FROM peers p CROSS JOIN users u CROSS JOIN sessions s CROSS JOIN members m
                WHERE {connection.In("p.id", "@Peers")} AND s.token_hash = p.session_hash AND u.id = p.user_id AND m.group_id = @group AND m.user_id = p.user_id
                    AND p.last_seen >= @onlineSince
                """,
                new { group, onlineSince, Peers = connection.List([.. held.Select(holder => holder.Peer).Distinct()]) }))
            .ToDictionary(peer => peer.Id, peer => peer.ToSource(isComplete: true));
        var partial = new Dictionary<long, SourcePeer>();
        return held.Where(holder => found.ContainsKey(holder.Peer)).ToLookup(holder => holder.Number, ToSource);

        SourcePeer ToSource(Holder holder)
        {
            var complete = found[holder.Peer];
            if (holder.IsComplete)
            {
                return complete;
            }

            ref var part = ref CollectionsMarshal.GetValueRefOrAddDefault(partial, holder.Peer, out _);
            return part ??= complete with { Complete = false };
        }
    }

    private static IEnumerable<Range> Whole(IReadOnlyList<Hash256> contents) => contents.Select((root, number) => new Range(number, root.ToString(), 0, 0, 0));

    private static string RangeRows(DbConnection connection) => connection.Rows(
        "@rows", ("number", "BIGINT"), ("root", "TEXT"), ("complete", "BIGINT"), ("place", "BIGINT"), ("end_place", "BIGINT"));

    private static string Json(IEnumerable<Range> ranges) => JsonSerializer.Serialize(ranges, RangeJson.Default.IEnumerableRange);

    private readonly record struct Holder(int Number, long Peer, bool IsComplete);

    // Holders of a content from one place on up to before another.
    private sealed record Range(int Number, string Root, long Complete, long Place, long EndPlace);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, GenerationMode = JsonSourceGenerationMode.Default)]
    [JsonSerializable(typeof(IEnumerable<Range>))]
    private sealed partial class RangeJson : JsonSerializerContext;
}
