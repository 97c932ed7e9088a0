using System.Data.Common;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Peers;

/// <summary>
/// Finds the sources of contents. Of a content with many sources more are read at once and kept for a moment, for all who ask meanwhile: each of them
/// receives others of these.
/// </summary>
internal sealed class SourceSearch(PeerOptions options, TimeProvider clock)
{
    /// <summary>How old the sources of a content with many may be.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromSeconds(2);

    // Of one content, and of all that are kept; a source takes some hundred bytes.
    private const int ManyCandidates = 200;
    private const long MaxSourcesKept = 50_000;

    private readonly RecentResults<(Guid Group, Hash256 Content), SourcePeer[]> _recent = new(Kept / 2, MaxSourcesKept, clock);

    /// <param name="asker">Fingerprint of the peer that asks, which is left out.</param>
    /// <returns>For each content, in their order, at most <see cref="HoldingStore.MaxSources"/>.</returns>
    public async Task<IReadOnlyList<ContentSources>> FindAsync(DbConnection connection, Membership membership, IReadOnlyList<Hash256> contents, Hash256 asker)
    {
        // By its id: SQLite gives the number of a deleted group to a new one.
        var group = membership.Group.Id;
        var found = new SourcePeer[contents.Count][];
        var missing = new List<int>();
        for (var i = 0; i < contents.Count; i++)
        {
            if (_recent.TryGet((group, contents[i]), out var recent))
            {
                found[i] = recent;
            }
            else
            {
                missing.Add(i);
            }
        }

        var many = new List<int>();
        await ReadAsync(missing, HoldingStore.Candidates, (i, peers) =>
        {
            if (peers.Length >= HoldingStore.Candidates)
            {
                many.Add(i);
            }
        });
        await ReadAsync(many, ManyCandidates, (i, peers) => _recent.Add((group, contents[i]), peers, peers.Length));
        return [.. contents.Select((content, i) => new ContentSources(content, Choose(found[i], asker)))];

        async Task ReadAsync(List<int> which, int candidates, Action<int, SourcePeer[]> add)
        {
            if (which.Count == 0)
            {
                return;
            }

            var rows = await HoldingStore.FindSourcesAsync(
                connection, membership.GroupId, [.. which.Select(i => contents[i])], candidates, options.OnlineSince(clock.GetUtcNow()));
            for (var place = 0; place < which.Count; place++)
            {
                found[which[place]] = [.. rows[place].Select(row => row.ToResponse())];
                add(which[place], found[which[place]]);
            }
        }
    }

    // Complete ones of each user first; at random, so that callers with the same sources do not all begin with the same one, and dealt by user,
    // so that one user's peers that claim to be complete do not hide those of others that have a part.
    private static SourcePeer[] Choose(SourcePeer[] sources, Hash256 asker)
    {
        var peers = Array.FindAll(sources, peer => peer.Fingerprint != asker);
        Random.Shared.Shuffle(peers);
        return [.. SourcePeer.DealByUser(peers.OrderByDescending(peer => peer.Complete)).Take(HoldingStore.MaxSources)];
    }
}
