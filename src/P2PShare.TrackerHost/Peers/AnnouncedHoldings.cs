using System.Data.Common;
using P2PShare.Protocol.Tracker;

namespace P2PShare.TrackerHost.Peers;

/// <summary>What announces would change of what their peers hold, before anything is written.</summary>
/// <param name="Accepted">By announce: whether each content is complete (1) or not (0).</param>
/// <param name="Removed">By announce.</param>
/// <param name="Rejected">By announce: the user is not a member of the group, or the group has no such content.</param>
/// <param name="Held">
/// By announce: all that the peer holds if the announce is full, otherwise those of its contents that the peer holds. Complete (1) or not (0).
/// </param>
/// <param name="GroupNames">Of the groups in <paramref name="Accepted"/>, by id.</param>
internal sealed record AnnouncedHoldings(
    IReadOnlyDictionary<int, Dictionary<HoldingStore.GroupContent, long>> Accepted,
    ILookup<int, HoldingStore.GroupContent> Removed,
    ILookup<int, Announcement> Rejected,
    IReadOnlyDictionary<int, Dictionary<HoldingStore.GroupContent, long>> Held,
    IReadOnlyDictionary<long, string> GroupNames)
{
    /// <param name="turn">Positions of the announces that are read.</param>
    /// <param name="peers">Ids of those of their peers that there are, by position.</param>
    public static async Task<AnnouncedHoldings> ReadAsync(
        DbConnection connection, IReadOnlyList<Announce> announces, IReadOnlyList<int> turn, IReadOnlyDictionary<int, long> peers, DateTimeOffset now)
    {
        var added = turn.SelectMany(i => announces[i].Request.Holdings.Select(holding => (Announce: i, Announcement: holding))).ToList();
        var removed = turn.Where(i => !announces[i].Request.Full)
            .SelectMany(i => announces[i].Request.Removed.Select(holding => (Announce: i, Announcement: holding))).ToList();

        HoldingStore.UserGroup GroupOf((int Announce, Announcement Announcement) one) => new(announces[one.Announce].User.Id, one.Announcement.GroupId.ToString("D"));

        var groups = await HoldingStore.FindGroupsAsync(connection, [.. added.Concat(removed).Select(GroupOf).Distinct()]);
        HoldingStore.GroupContent? ContentOf((int Announce, Announcement Announcement) one) => groups.TryGetValue(GroupOf(one), out var group)
            ? new HoldingStore.GroupContent(group.Id, one.Announcement.PiecesRoot.ToString())
            : null;

        var contents = await HoldingStore.FindContentsAsync(connection, [.. added.Select(ContentOf).OfType<HoldingStore.GroupContent>().Distinct()], now);
        var accepted = turn.ToDictionary(i => i, _ => new Dictionary<HoldingStore.GroupContent, long>());
        var rejected = new List<(int Announce, Announcement Announcement)>();
        foreach (var one in added)
        {
            if (ContentOf(one) is { } content && contents.Contains(content))
            {
                accepted[one.Announce][content] = one.Announcement.Complete ? 1 : 0;
            }
            else
            {
                rejected.Add(one);
            }
        }

        return new AnnouncedHoldings(
            accepted,
            removed.Where(one => ContentOf(one) is not null).ToLookup(one => one.Announce, one => ContentOf(one)!.Value),
            rejected.ToLookup(one => one.Announce, one => one.Announcement),
            await ReadHeldAsync(connection, announces, peers, accepted),
            groups.Values.DistinctBy(group => group.Id).ToDictionary(group => group.Id, group => group.Name));
    }

    private static async Task<IReadOnlyDictionary<int, Dictionary<HoldingStore.GroupContent, long>>> ReadHeldAsync(
        DbConnection connection, IReadOnlyList<Announce> announces, IReadOnlyDictionary<int, long> peers, Dictionary<int, Dictionary<HoldingStore.GroupContent, long>> accepted)
    {
        var positions = peers.ToDictionary(peer => peer.Value, peer => peer.Key);
        var all = await HoldingStore.FindAsync(connection, [.. peers.Where(peer => announces[peer.Key].Request.Full).Select(peer => peer.Value)]);
        var some = await HoldingStore.FindAsync(
            connection,
            [.. peers.Where(peer => !announces[peer.Key].Request.Full)
                .SelectMany(peer => accepted[peer.Key].Keys.Select(content => new HoldingStore.Key(peer.Value, content.GroupId, content.Root)))]);
        var held = accepted.Keys.ToDictionary(i => i, _ => new Dictionary<HoldingStore.GroupContent, long>());
        foreach (var (key, complete) in all.Concat(some))
        {
            held[positions[key.PeerId]][new HoldingStore.GroupContent(key.GroupId, key.Root)] = complete;
        }

        return held;
    }
}
