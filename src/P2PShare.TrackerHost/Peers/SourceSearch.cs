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

    /// <summary>Most sources of one content in a response.</summary>
    public const int MaxSources = 50;

    /// <summary>Sources of each content that are returned however many are asked for, if it has so many.</summary>
    public const int LeastSources = 12;

    // Of all contents of a request together, unless that is less than the least of each.
    private const int SourcesInAll = 16 * MaxSources;

    // Up to so many holdings of a content are read, and dealt, all: peers that are offline hide none of them.
    private const int Few = 100;

    // Peers of one content with more that are looked at; the least if there are many such contents.
    private const int ManyCandidates = 200;
    private const int LeastCandidates = 100;

    // Users whose peers are looked for in one request, of all contents with more, and of one of them at least; one may be the asker.
    private const int LeastUsers = LeastSources + 1;

    // A source takes some hundred bytes.
    private const long MaxSourcesKept = 50_000;

    private readonly RecentResults<(Guid Group, Hash256 Content), DealtSources> _recent = new(Kept / 2, MaxSourcesKept, clock);

    /// <param name="asker">Fingerprint of the peer that asks, which is left out.</param>
    /// <returns>For each content, in their order, at most <see cref="MaxSources"/>; of many contents fewer of each, but <see cref="LeastSources"/>.</returns>
    public async Task<IReadOnlyList<ContentSources>> FindAsync(DbConnection connection, Membership membership, IReadOnlyList<Hash256> contents, Hash256 asker)
    {
        // By its id: SQLite gives the number of a deleted group to a new one.
        var group = membership.Group.Id;
        var found = new DealtSources[contents.Count];
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

        var sources = Math.Clamp(SourcesInAll / Math.Max(1, contents.Count), LeastSources, MaxSources);
        var since = options.OnlineSince(clock.GetUtcNow());
        var counts = missing.Count == 0 ? [] : await SourceStore.CountAsync(connection, membership.GroupId, missing.ConvertAll(i => contents[i]), Few + 1);
        var many = missing.Zip(counts).Where(one => one.Second > Few).Select(one => one.First).ToList();
        foreach (var (i, peers) in await ReadAsync(
            [.. missing.Except(many)], some => SourceStore.FindAsync(connection, membership.GroupId, some, Few, since)))
        {
            found[i] = peers;
        }

        var users = Math.Clamp(SourcesInAll / Math.Max(1, many.Count), LeastUsers, MaxSources);
        var candidates = users == MaxSources ? ManyCandidates : LeastCandidates;
        foreach (var (i, peers) in await ReadAsync(
            many, some => SourceStore.FindOfUsersAsync(connection, membership.GroupId, some, users, candidates, since)))
        {
            found[i] = peers;
            if (users == MaxSources)
            {
                _recent.Add((group, contents[i]), peers, peers.Count);
            }
        }

        return [.. contents.Select((content, i) => new ContentSources(content, found[i].Deal(sources, asker)))];

        async Task<IEnumerable<(int Content, DealtSources Peers)>> ReadAsync(List<int> which, Func<List<Hash256>, Task<ILookup<int, SourcePeer>>> read)
        {
            if (which.Count == 0)
            {
                return [];
            }

            var rows = await read(which.ConvertAll(i => contents[i]));
            return which.Select((i, place) => (i, new DealtSources(rows[place])));
        }
    }
}
