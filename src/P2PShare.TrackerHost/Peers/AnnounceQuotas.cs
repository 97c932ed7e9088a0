using System.Data.Common;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Peers;

/// <summary>Which announces would take a user beyond what one user may have of peers, of peers in a group, or of holdings.</summary>
internal sealed class AnnounceQuotas(DbConnection connection, PeerOptions options, DateTimeOffset now)
{
    /// <param name="turn">Positions of the announces, each of another peer.</param>
    /// <param name="online">Those of them whose peer is online already, and the peer's id.</param>
    /// <returns>By position, the reason; nothing for those that may be written.</returns>
    public async Task<IReadOnlyDictionary<int, P2PShareException>> FindRefusedAsync(
        IReadOnlyList<Announce> announces, IReadOnlyList<int> turn, IReadOnlyDictionary<int, long> online, AnnouncedHoldings holdings)
    {
        var refused = new Dictionary<int, P2PShareException>();
        var growth = FindGrowth(announces, turn, holdings);
        // The groups in which a peer is new. That it holds other contents there than those in the announce is found below.
        var entered = turn.ToDictionary(i => i, i => holdings.Accepted[i].Keys.Select(content => content.GroupId)
            .Except(online.ContainsKey(i) ? holdings.Held[i].Keys.Select(content => content.GroupId) : []).ToList());
        var users = turn.Where(i => !online.ContainsKey(i) || entered[i].Count > 0).Select(i => announces[i].User.Id).Distinct().ToList();
        // Two instances do not count the same user's at the same time.
        await WriteLock.TakeAsync(connection, growth.Keys.Select(i => announces[i].User.Id).Concat(users).Distinct().Select(WriteLock.PeersOf));
        await RefuseHoldingsAsync(announces, growth, refused);
        var counts = await PeerStore.CountOnlineAsync(connection, users, options.OnlineSince(now));
        RefusePeers(announces, turn, online, counts, refused);
        await RefusePeersInGroupsAsync(
            announces, [.. turn.Where(i => !refused.ContainsKey(i) && entered[i].Count > 0).Select(i => (i, entered[i]))], online, holdings, counts, refused);
        return refused;
    }

    private void RefusePeers(
        IReadOnlyList<Announce> announces, IReadOnlyList<int> turn, IReadOnlyDictionary<int, long> online, IReadOnlyDictionary<long, long> counts, Dictionary<int, P2PShareException> refused)
    {
        foreach (var own in turn.Where(i => !online.ContainsKey(i) && !refused.ContainsKey(i)).GroupBy(i => announces[i].User.Id))
        {
            foreach (var i in own.Skip((int)Math.Max(0, options.PeersPerUser - counts.GetValueOrDefault(own.Key))))
            {
                refused[i] = QuotaStore.Exceeded(
                    options.PeersPerUser, "You have as many peers online as one user may at this tracker", "stop one, or use another account");
            }
        }
    }

    /// <returns>By position, how many more holdings each announce would make.</returns>
    private static Dictionary<int, long> FindGrowth(IReadOnlyList<Announce> announces, IReadOnlyList<int> turn, AnnouncedHoldings holdings)
    {
        var growth = new Dictionary<int, long>();
        foreach (var i in turn)
        {
            long added = holdings.Accepted[i].Keys.Count(content => !holdings.Held[i].ContainsKey(content));
            var dropped = announces[i].Request.Full ? holdings.Held[i].Keys.Count(content => !holdings.Accepted[i].ContainsKey(content)) : 0;
            if (added > dropped)
            {
                growth[i] = added - dropped;
            }
        }

        return growth;
    }

    private async Task RefuseHoldingsAsync(IReadOnlyList<Announce> announces, Dictionary<int, long> growth, Dictionary<int, P2PShareException> refused)
    {
        var users = growth.GroupBy(one => announces[one.Key].User.Id).ToDictionary(own => own.Key, own => own.Sum(one => one.Value));
        var room = await QuotaStore.FindHoldingRoomAsync(connection, users, options.HoldingsPerUser);
        foreach (var (i, count) in growth)
        {
            var user = announces[i].User.Id;
            if (count <= room[user])
            {
                room[user] -= count;
            }
            else
            {
                refused[i] = QuotaStore.Exceeded(
                    options.HoldingsPerUser,
                    "Your peers together hold as many contents as those of one user may at this tracker",
                    "share or keep fewer files at some of them");
            }
        }
    }

    /// <param name="entered">Announces, and the groups that their peers are new in.</param>
    /// <param name="peers">How many each user has online.</param>
    private async Task RefusePeersInGroupsAsync(
        IReadOnlyList<Announce> announces,
        IReadOnlyList<(int Announce, List<long> Groups)> entered,
        IReadOnlyDictionary<int, long> online,
        AnnouncedHoldings holdings,
        IReadOnlyDictionary<long, long> peers,
        Dictionary<int, P2PShareException> refused)
    {
        // A user with few peers has few in each group, which is cheaper to find out.
        var most = options.PeersPerUserAndGroup;
        var close = entered.GroupBy(one => announces[one.Announce].User.Id)
            .Where(own => peers.GetValueOrDefault(own.Key) + own.Count() > most).ToDictionary(own => own.Key, own => own.ToList());
        if (close.Count == 0)
        {
            return;
        }

        var present = (await HoldingStore.FindPeersAsync(
                connection, close.Keys, close.Values.SelectMany(own => own).SelectMany(one => one.Groups).Distinct(), options.OnlineSince(now)))
            .GroupBy(row => (row.User, row.Group)).ToDictionary(rows => rows.Key, rows => rows.Select(row => row.Peer).ToHashSet());
        foreach (var (user, own) in close)
        {
            foreach (var (i, groups) in own)
            {
                // A negative number for a peer that has no id yet.
                var peer = online.GetValueOrDefault(i, -1 - i);
                var here = groups.ToDictionary(group => group, group => present.TryGetValue((user, group), out var found) ? found : present[(user, group)] = []);
                if (here.FirstOrDefault(group => group.Value.Count >= most && !group.Value.Contains(peer)) is { Value: not null } full)
                {
                    refused[i] = QuotaStore.Exceeded(
                        most,
                        $"You have as many peers in '{holdings.GroupNames[full.Key]}' as one user may have in a group at this tracker",
                        "stop one, or use another account");
                    continue;
                }

                foreach (var group in here.Values)
                {
                    group.Add(peer);
                }
            }
        }
    }
}
