using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dapper;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Files;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Peers;

/// <summary>
/// The rows of what peers held of contents that were withdrawn. A withdrawal only notes the content: its holdings may be many, and are
/// removed later, some at a time.
/// </summary>
internal static partial class LostHoldingStore
{
    /// <summary>Removes some holdings of withdrawn contents, so that their peers are told.</summary>
    /// <returns>Whether more are left.</returns>
    public static async Task<bool> SweepAsync(DbConnection connection, DateTimeOffset now)
    {
        // Contents, then holdings: neither a long withdrawal nor a large group holds the lock for long.
        var removed = await FileStore.RemoveWithdrawnAsync(connection, PartialDelete.MaxRows, now);
        var keys = await HoldingStore.TakeWithdrawnAsync(connection, PartialDelete.MaxRows);
        if (keys.Count > 0)
        {
            await connection.ExecuteAsync(
                $"""
                INSERT INTO lost_holdings (peer_id, group_id, pieces_root)
                SELECT r.peer_id, r.group_id, r.root FROM {connection.Rows("@rows", ("peer_id", "BIGINT"), ("group_id", "BIGINT"), ("root", "TEXT"))} WHERE 1 = 1
                ON CONFLICT (peer_id, group_id, pieces_root) DO NOTHING
                """,
                new { rows = JsonSerializer.Serialize(keys, KeyJson.Default.IReadOnlyListKey) });
        }

        return removed == PartialDelete.MaxRows || keys.Count > 0;
    }

    /// <summary>Removes some of those of a deleted group.</summary>
    /// <inheritdoc cref="PartialDelete.DeleteOfGroupAsync" path="/returns"/>
    public static Task<int> RemoveOfGroupAsync(DbConnection connection, long group, int max) =>
        connection.DeleteOfGroupAsync("lost_holdings", "peer_id, group_id, pieces_root", group, max);

    /// <summary>Takes what peers have lost. What has become a content of its group again is left out, and what its group lost by being deleted.</summary>
    /// <param name="peers">Ids.</param>
    /// <returns>By peer; of each at most <see cref="AnnounceResponse.MaxWithdrawn"/>.</returns>
    public static async Task<ILookup<long, Announcement>> TakeAsync(DbConnection connection, IReadOnlyCollection<long> peers)
    {
        var lost = peers.Count == 0 ? [] : await connection.QueryAsync<(long Peer, string? Group, string Root, long IsContent)>(
            $"""
            DELETE FROM lost_holdings WHERE (peer_id, group_id, pieces_root) IN (
                SELECT l.peer_id, l.group_id, l.pieces_root FROM (
                    SELECT peer_id, group_id, pieces_root, ROW_NUMBER() OVER (PARTITION BY peer_id) AS place
                    FROM lost_holdings WHERE {connection.In("peer_id", "@Peers")}) AS l
                WHERE l.place <= @MaxWithdrawn)
            RETURNING peer_id, (SELECT g.guid FROM groups g WHERE g.id = lost_holdings.group_id), pieces_root,
                (SELECT COUNT(*) FROM files f WHERE f.group_id = lost_holdings.group_id AND f.pieces_root = lost_holdings.pieces_root)
            """,
            new { Peers = connection.List(peers), AnnounceResponse.MaxWithdrawn });
        return lost.Where(row => row is { Group: not null, IsContent: 0 })
            .ToLookup(row => row.Peer, row => new Announcement(Guid.Parse(row.Group!), Hash256.Parse(row.Root), Complete: false));
    }

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, GenerationMode = JsonSourceGenerationMode.Default)]
    [JsonSerializable(typeof(IReadOnlyList<HoldingStore.Key>))]
    private sealed partial class KeyJson : JsonSerializerContext;
}
