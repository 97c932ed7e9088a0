using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Dapper;
using Npgsql;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Files;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Peers;

/// <summary>The rows of what peers hold.</summary>
internal static partial class HoldingStore
{
    private const int MaxHolders = 4;

    /// <summary>The user and the session of a peer that holds a content.</summary>
    // Properties, not a constructor: SQLite does not report the types of a result without rows, which a constructor is chosen by.
    public sealed record Holder
    {
        public required long UserId { get; init; }

        public required string SessionGuid { get; init; }
    }

    /// <summary>A content that a peer holds in a group.</summary>
    public readonly record struct Key(long PeerId, long GroupId, string Root);

    /// <summary>A group's id as one user gives it.</summary>
    public readonly record struct UserGroup(long UserId, string Guid);

    /// <summary>A content of a group.</summary>
    public readonly record struct GroupContent(long GroupId, string Root);

    /// <returns>The id and the name of each group that the user is a member of.</returns>
    public static async Task<IReadOnlyDictionary<UserGroup, (long Id, string Name)>> FindGroupsAsync(DbConnection connection, IReadOnlyCollection<UserGroup> asked) =>
        asked.Count == 0 ? new Dictionary<UserGroup, (long, string)>() : (await connection.QueryAsync<(long User, string Guid, long Id, string Name)>(
                $"""
                SELECT r.user_id, r.guid, g.id, g.name FROM {connection.Rows("@rows", ("user_id", "BIGINT"), ("guid", "TEXT"))}
                CROSS JOIN groups g CROSS JOIN members m WHERE g.guid = r.guid AND m.group_id = g.id AND m.user_id = r.user_id
                """,
                new { rows = Json(asked, HoldingRowJson.Default.IEnumerableUserGroup) }))
            .ToDictionary(row => new UserGroup(row.User, row.Guid), row => (row.Id, row.Name));

    /// <returns>Those that are contents of their groups, replaced ones that can still be fetched included.</returns>
    public static async Task<HashSet<GroupContent>> FindContentsAsync(DbConnection connection, IReadOnlyCollection<GroupContent> asked, DateTimeOffset now) =>
        asked.Count == 0 ? [] : [.. await connection.QueryAsync<GroupContent>(
            $"""
            SELECT r.group_id AS GroupId, r.root AS Root FROM {connection.Rows("@rows", ("group_id", "BIGINT"), ("root", "TEXT"))}
            WHERE EXISTS (SELECT 1 FROM files f WHERE f.group_id = r.group_id AND f.pieces_root = r.root)
                OR EXISTS (SELECT 1 FROM retired_contents c WHERE c.group_id = r.group_id AND c.pieces_root = r.root AND c.expires > @Now)
            """,
            new { rows = Json(asked, HoldingRowJson.Default.IEnumerableGroupContent), Now = now.ToUnixTimeSeconds() })];

    /// <returns>All that the peers hold, and whether completely (1) or in part (0).</returns>
    public static async Task<IReadOnlyDictionary<Key, long>> FindAsync(DbConnection connection, IReadOnlyCollection<long> peers) =>
        peers.Count == 0 ? new Dictionary<Key, long>() : (await connection.QueryAsync<(long Peer, long Group, string Root, long Complete)>(
                $"SELECT peer_id, group_id, pieces_root, complete FROM holdings WHERE {connection.In("peer_id", "@Peers")}", new { Peers = connection.List(peers) }))
            .ToDictionary(row => new Key(row.Peer, row.Group, row.Root), row => row.Complete);

    /// <returns>Those of <paramref name="asked"/> that are held, and whether completely (1) or in part (0).</returns>
    public static async Task<IReadOnlyDictionary<Key, long>> FindAsync(DbConnection connection, IReadOnlyCollection<Key> asked) =>
        asked.Count == 0 ? new Dictionary<Key, long>() : (await connection.QueryAsync<(long Peer, long Group, string Root, long Complete)>(
                $"""
                SELECT h.peer_id, h.group_id, h.pieces_root, h.complete
                FROM {connection.Rows("@rows", ("peer_id", "BIGINT"), ("group_id", "BIGINT"), ("root", "TEXT"))}
                CROSS JOIN holdings h WHERE h.peer_id = r.peer_id AND h.group_id = r.group_id AND h.pieces_root = r.root
                """,
                new { rows = Json(asked.Select(key => new HoldingRow(key.PeerId, key.GroupId, key.Root, 0, 0)), HoldingRowJson.Default.IEnumerableHoldingRow) }))
            .ToDictionary(row => new Key(row.Peer, row.Group, row.Root), row => row.Complete);

    /// <returns>The peers of users that are online and hold something in one of the groups.</returns>
    public static Task<IEnumerable<(long User, long Group, long Peer)>> FindPeersAsync(
        DbConnection connection, IEnumerable<long> users, IEnumerable<long> groups, long onlineSince) => connection.QueryAsync<(long, long, long)>(
        $"""
        SELECT DISTINCT p.user_id, h.group_id, p.id FROM peers p CROSS JOIN holdings h
        WHERE {connection.In("p.user_id", "@Users")} AND p.last_seen >= @onlineSince AND h.peer_id = p.id AND {connection.In("h.group_id", "@Groups")}
        """,
        new { Users = connection.List(users), Groups = connection.List(groups), onlineSince });

    public static async Task SaveAsync(DbConnection connection, IEnumerable<KeyValuePair<Key, long>> holdings)
    {
        var rows = holdings.Select(holding => new HoldingRow(
            holding.Key.PeerId, holding.Key.GroupId, holding.Key.Root, holding.Value, Random.Shared.NextInt64(SourceStore.PlacesOfUser))).ToList();
        if (rows.Count > 0)
        {
            await connection.ExecuteAsync(
                $"""
                INSERT INTO holdings (peer_id, group_id, pieces_root, complete, place)
                SELECT r.peer_id, r.group_id, r.root, r.complete, {SourceStore.PlaceOfUser} + r.place
                FROM {connection.Rows("@rows", ("peer_id", "BIGINT"), ("group_id", "BIGINT"), ("root", "TEXT"), ("complete", "BIGINT"), ("place", "BIGINT"))}
                CROSS JOIN peers p WHERE p.id = r.peer_id
                ON CONFLICT (peer_id, group_id, pieces_root) DO UPDATE SET complete = excluded.complete
                """,
                new { rows = Json(rows, HoldingRowJson.Default.IEnumerableHoldingRow) });
        }
    }

    public static async Task RemoveAsync(DbConnection connection, IEnumerable<Key> holdings)
    {
        var rows = holdings.Select(key => new HoldingRow(key.PeerId, key.GroupId, key.Root, 0, 0)).ToList();
        if (rows.Count > 0)
        {
            await connection.ExecuteAsync(
                $"""
                DELETE FROM holdings WHERE (peer_id, group_id, pieces_root) IN (
                    SELECT r.peer_id, r.group_id, r.root FROM {connection.Rows("@rows", ("peer_id", "BIGINT"), ("group_id", "BIGINT"), ("root", "TEXT"))})
                """,
                new { rows = Json(rows, HoldingRowJson.Default.IEnumerableHoldingRow) });
        }
    }

    /// <summary>Removes holdings of the first contents that were withdrawn.</summary>
    /// <param name="max">Most contents that are looked at, and most holdings that are removed.</param>
    /// <returns>Those removed.</returns>
    public static async Task<IReadOnlyList<Key>> TakeWithdrawnAsync(DbConnection connection, int max) =>
        [.. (await connection.QueryAsync<(long Peer, long Group, string Root)>(
            $"""
            DELETE FROM holdings WHERE (peer_id, group_id, pieces_root) IN (
                SELECT h.peer_id, h.group_id, h.pieces_root
                FROM {FileStore.SomeHeldWithdrawn} AS w
                CROSS JOIN holdings h WHERE h.group_id = w.group_id AND h.pieces_root = w.pieces_root LIMIT @max)
            RETURNING peer_id, group_id, pieces_root
            """,
            new { max })).Select(row => new Key(row.Peer, row.Group, row.Root))];

    /// <summary>Removes some of what peers hold.</summary>
    /// <returns>How many.</returns>
    public static Task<int> RemoveSomeAsync(DbConnection connection, IReadOnlyCollection<long> peers, int max) => connection.ExecuteAsync(
        $"""
        DELETE FROM holdings WHERE (peer_id, group_id, pieces_root) IN (
            SELECT peer_id, group_id, pieces_root FROM holdings WHERE {connection.In("peer_id", "@Peers")} LIMIT @max)
        """,
        new { Peers = connection.List(peers), max });

    /// <summary>Removes some of what peers hold in a deleted group.</summary>
    /// <inheritdoc cref="PartialDelete.DeleteOfGroupAsync" path="/returns"/>
    public static Task<int> RemoveOfGroupAsync(DbConnection connection, long group, int max) =>
        connection.DeleteOfGroupAsync("holdings", "peer_id, group_id, pieces_root", group, max);

    /// <summary>Removes some of what a user's peers hold in a group, unless the user is a member.</summary>
    /// <returns>How many.</returns>
    public static Task<int> RemoveOfFormerMemberAsync(DbConnection connection, long group, long user, int max) => connection.ExecuteAsync(
        """
        DELETE FROM holdings WHERE (peer_id, group_id, pieces_root) IN (
            SELECT h.peer_id, h.group_id, h.pieces_root FROM peers p CROSS JOIN holdings h
            WHERE p.user_id = @user AND h.peer_id = p.id AND h.group_id = @group
                AND NOT EXISTS (SELECT 1 FROM members m WHERE m.group_id = @group AND m.user_id = @user) LIMIT @max)
        """,
        new { group, user, max });

    /// <summary>
    /// The peers online with a fingerprint that hold a content in a group: one, unless several users announced the same fingerprint.
    /// </summary>
    public static Task<IEnumerable<Holder>> FindHoldersAsync(DbConnection connection, long group, Hash256 content, Hash256 fingerprint, long onlineSince) => connection.QueryAsync<Holder>(
        """
        SELECT p.user_id AS UserId, s.guid AS SessionGuid
        FROM peers p JOIN sessions s ON s.token_hash = p.session_hash
        JOIN holdings h ON h.peer_id = p.id AND h.group_id = @group AND h.pieces_root = @Root
        JOIN members m ON m.group_id = @group AND m.user_id = p.user_id
        WHERE p.fingerprint = @Fingerprint AND p.last_seen >= @onlineSince
        LIMIT @MaxHolders
        """,
        new { group, Root = content.ToString(), Fingerprint = fingerprint.ToString(), onlineSince, MaxHolders });

    private static string Json<T>(IEnumerable<T> rows, JsonTypeInfo<IEnumerable<T>> type) => JsonSerializer.Serialize(rows, type);

    private readonly record struct HoldingRow(long PeerId, long GroupId, string Root, long Complete, long Place);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, GenerationMode = JsonSourceGenerationMode.Default)]
    [JsonSerializable(typeof(IEnumerable<UserGroup>))]
    [JsonSerializable(typeof(IEnumerable<GroupContent>))]
    [JsonSerializable(typeof(IEnumerable<HoldingRow>))]
    private sealed partial class HoldingRowJson : JsonSerializerContext;
}
