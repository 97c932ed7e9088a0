using System.Data.Common;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Tickets;

namespace P2PShare.TrackerHost.Peers;

/// <summary>
/// Writes the announces of many peers with a few statements for all of them: announces are the load that grows with the
/// number of peers. One that is refused has no effect, and does not concern the others.
/// </summary>
/// <param name="choosePause">Seconds until a peer announces next.</param>
internal sealed class AnnounceBatch(DbConnection connection, PeerOptions options, TicketOptions tickets, Func<Announce, int> choosePause, DateTimeOffset now)
{
    /// <returns>
    /// The outcome of each, in their order: refused with <see cref="ErrorCode.NotLoggedIn"/> if the session has ended meanwhile, or
    /// <see cref="ErrorCode.QuotaExceeded"/>.
    /// </returns>
    public async Task<IReadOnlyList<AnnounceOutcome>> WriteAsync(IReadOnlyList<Announce> announces)
    {
        var outcomes = new AnnounceOutcome[announces.Count];
        // Two announces of one peer have an order.
        foreach (var turn in Turns(announces))
        {
            await WriteAsync(announces, turn, outcomes);
        }

        return outcomes;
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

    private async Task WriteAsync(IReadOnlyList<Announce> announces, List<int> turn, AnnounceOutcome[] outcomes)
    {
        var known = (await PeerStore.FindKnownAsync(connection, turn.Select(i => PeerStore.AnnouncedPeer.Of(announces[i], i)), options.OnlineSince(now)))
            .ToDictionary(peer => peer.Number);
        var saved = turn.Where(i => known.TryGetValue(i, out var peer) && (announces[i].Request.Full || peer.IsKnown)).ToList();
        var existing = saved.Where(i => known[i].Id is not null).ToDictionary(i => i, i => known[i].Id!.Value);
        var holdings = await AnnouncedHoldings.ReadAsync(connection, announces, saved, existing, now);
        var online = existing.Where(peer => known[peer.Key].IsOnline).ToDictionary();
        var refused = await new AnnounceQuotas(connection, options, now).FindRefusedAsync(announces, saved, online, holdings);
        saved.RemoveAll(refused.ContainsKey);
        var peers = await SavePeersAsync(announces, saved);
        await SaveHoldingsAsync(announces, saved, peers, holdings);
        var lost = await LostHoldingStore.TakeAsync(connection, peers.Values);
        var revocations = await RevocationStore.ReadAsync(connection, [.. known.Keys.Select(i => announces[i].ToReader(i))], tickets, now);
        var interval = (int)options.AnnounceInterval.TotalSeconds;
        foreach (var i in turn)
        {
            var refusal = refused.TryGetValue(i, out var quota) ? quota : known.ContainsKey(i) ? null : SessionService.Ended();
            if (refusal is not null)
            {
                outcomes[i] = new AnnounceOutcome(null, refusal);
                continue;
            }

            var isSaved = peers.TryGetValue(i, out var peer);
            Announcement[] gone = isSaved ? [.. holdings.Rejected[i].Concat(lost[peer])] : [];
            outcomes[i] = new AnnounceOutcome(new AnnounceResponse(interval, isSaved, gone, [.. revocations[i]], revocations.NumberAfter(i), choosePause(announces[i])), null);
        }
    }

    /// <returns>The id of each announce's peer.</returns>
    private async Task<Dictionary<int, long>> SavePeersAsync(IReadOnlyList<Announce> announces, List<int> saved)
    {
        if (saved.Count == 0)
        {
            return [];
        }

        // In one order, in which two instances cannot lock each other out.
        var rows = saved.Select(i => PeerStore.AnnouncedPeer.Of(announces[i], i)).OrderBy(peer => peer.UserId).ThenBy(peer => peer.Fingerprint, StringComparer.Ordinal);
        var ids = await PeerStore.SaveAsync(connection, rows, now);
        return saved.ToDictionary(i => i, i => ids[(announces[i].User.Id, announces[i].Request.Fingerprint.ToString())]);
    }

    private async Task SaveHoldingsAsync(IReadOnlyList<Announce> announces, List<int> saved, Dictionary<int, long> peers, AnnouncedHoldings holdings)
    {
        HoldingStore.Key KeyOf(int announce, HoldingStore.GroupContent content) => new(peers[announce], content.GroupId, content.Root);

        // An unchanged row is not written again.
        await HoldingStore.SaveAsync(
            connection,
            saved.SelectMany(i => holdings.Accepted[i]
                .Where(holding => !holdings.Held[i].TryGetValue(holding.Key, out var complete) || complete != holding.Value)
                .Select(holding => KeyValuePair.Create(KeyOf(i, holding.Key), holding.Value))));
        await HoldingStore.RemoveAsync(
            connection,
            saved.SelectMany(i => (announces[i].Request.Full ? holdings.Held[i].Keys : holdings.Removed[i])
                .Where(content => !holdings.Accepted[i].ContainsKey(content))
                .Select(content => KeyOf(i, content))));
    }
}
