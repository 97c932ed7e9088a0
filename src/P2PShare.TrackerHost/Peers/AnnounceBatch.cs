using System.Data.Common;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Tickets;

namespace P2PShare.TrackerHost.Peers;

/// <summary>
/// Writes the announces of many peers with a few statements for all of them: announces are the load that grows with the
/// number of peers.
/// </summary>
internal sealed class AnnounceBatch(DbConnection connection, PeerOptions options, TicketOptions tickets, DateTimeOffset now)
{
    /// <returns>The response to each, in their order; null if the session has ended meanwhile.</returns>
    public async Task<IReadOnlyList<AnnounceResponse?>> WriteAsync(IReadOnlyList<Announce> announces)
    {
        var responses = new AnnounceResponse?[announces.Count];
        // Two announces of one peer have an order.
        foreach (var turn in Turns(announces))
        {
            await WriteAsync(announces, turn, responses);
        }

        return responses;
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

    private async Task WriteAsync(IReadOnlyList<Announce> announces, List<int> turn, AnnounceResponse?[] responses)
    {
        var known = (await PeerStore.FindKnownAsync(connection, turn.Select(i => PeerStore.AnnouncedPeer.Of(announces[i], i)), options.OnlineSince(now)))
            .ToDictionary(row => row.Number, row => row.IsKnown);
        var saved = turn.Where(i => known.TryGetValue(i, out var isKnown) && (announces[i].Request.Full || isKnown)).ToList();
        var peers = await SavePeersAsync(announces, saved);
        var rejected = await SaveHoldingsAsync(announces, saved, peers);
        var lost = await LostHoldingStore.TakeAsync(connection, peers.Values);
        var revocations = await RevocationStore.ReadAsync(connection, [.. known.Keys.Select(i => announces[i].ToReader(i))], tickets, now);
        var interval = (int)options.AnnounceInterval.TotalSeconds;
        foreach (var i in known.Keys)
        {
            var isSaved = peers.TryGetValue(i, out var peer);
            Announcement[] gone = isSaved ? [.. rejected[i].Concat(lost[peer])] : [];
            responses[i] = new AnnounceResponse(interval, isSaved, gone, [.. revocations[i]], revocations.NumberAfter(i));
        }
    }

    /// <returns>The id of each announce's peer.</returns>
    private async Task<Dictionary<int, long>> SavePeersAsync(IReadOnlyList<Announce> announces, List<int> saved)
    {
        if (saved.Count == 0)
        {
            return [];
        }

        var ids = await PeerStore.SaveAsync(connection, saved.Select(i => PeerStore.AnnouncedPeer.Of(announces[i], i)), now);
        return saved.ToDictionary(i => i, i => ids[(announces[i].User.Id, announces[i].Request.Fingerprint.ToString())]);
    }

    /// <returns>By announce, what of it was rejected: the user is not a member of the group, or the group has no such content.</returns>
    private async Task<ILookup<int, Announcement>> SaveHoldingsAsync(IReadOnlyList<Announce> announces, List<int> saved, Dictionary<int, long> peers)
    {
        var full = saved.Where(i => announces[i].Request.Full).ToList();
        var added = saved.SelectMany(i => announces[i].Request.Holdings.Select(holding => (Announce: i, Announcement: holding))).ToList();
        var removed = saved.Except(full).SelectMany(i => announces[i].Request.Removed.Select(holding => (Announce: i, Announcement: holding))).ToList();
        if (full.Count + added.Count + removed.Count == 0)
        {
            return added.ToLookup(_ => 0, one => one.Announcement);
        }

        HoldingStore.UserGroup GroupOf((int Announce, Announcement Announcement) one) => new(announces[one.Announce].User.Id, one.Announcement.GroupId.ToString("D"));

        var groups = await HoldingStore.FindGroupsAsync(connection, [.. added.Concat(removed).Select(GroupOf).Distinct()]);
        HoldingStore.Key? KeyOf((int Announce, Announcement Announcement) one) => groups.TryGetValue(GroupOf(one), out var group)
            ? new HoldingStore.Key(peers[one.Announce], group, one.Announcement.PiecesRoot.ToString())
            : null;

        static HoldingStore.GroupContent ContentOf(HoldingStore.Key key) => new(key.GroupId, key.Root);

        var contents = await HoldingStore.FindContentsAsync(connection, added.Select(KeyOf).OfType<HoldingStore.Key>().Select(ContentOf).Distinct(), now);
        var rejected = new List<(int Announce, Announcement Announcement)>();
        var holdings = new Dictionary<HoldingStore.Key, long>();
        foreach (var one in added)
        {
            if (KeyOf(one) is { } key && contents.Contains(ContentOf(key)))
            {
                holdings[key] = one.Announcement.Complete ? 1 : 0;
            }
            else
            {
                rejected.Add(one);
            }
        }

        var held = await HoldingStore.FindAsync(connection, [.. full.Select(i => peers[i])]);
        // An unchanged row is not written again.
        await HoldingStore.SaveAsync(connection, holdings.Where(holding => !held.TryGetValue(holding.Key, out var complete) || complete != holding.Value));
        await HoldingStore.RemoveAsync(
            connection, removed.Select(KeyOf).OfType<HoldingStore.Key>().Concat(held.Keys).Where(key => !holdings.ContainsKey(key)));
        return rejected.ToLookup(one => one.Announce, one => one.Announcement);
    }
}
