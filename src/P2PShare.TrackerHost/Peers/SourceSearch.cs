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

    // Up to so many holdings of a content are read, and dealt, all.
    private const int Few = 100;

    // Users whose peers are looked for in one request, of all contents with more, and of one of them at least.
    private const int MaxUsers = 16 * MaxSources;
    private const int LeastUsers = 8;

    // Peers of one content with more, and of all that are kept; a source takes some hundred bytes.
    private const int ManyCandidates = 200;
    private const long MaxSourcesKept = 50_000;

    private readonly RecentResults<(Guid Group, Hash256 Content), DealtSources> _recent = new(Kept / 2, MaxSourcesKept, clock);

    /// <param name="asker">Fingerprint of the peer that asks, which is left out.</param>
    /// <returns>For each content, in their order, at most <see cref="MaxSources"/>.</returns>
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

        var since = options.OnlineSince(clock.GetUtcNow());
        var counts = missing.Count == 0 ? [] : await SourceStore.CountAsync(connection, membership.GroupId, missing.ConvertAll(i => contents[i]), Few + 1);
        var many = missing.Zip(counts).Where(one => one.Second > Few).Select(one => one.First).ToList();
        foreach (var (i, peers) in await ReadAsync(
            [.. missing.Except(many)], some => SourceStore.FindAsync(connection, membership.GroupId, some, Few, since)))
        {
            found[i] = peers;
        }

        var users = Math.Clamp(MaxUsers / Math.Max(1, many.Count), LeastUsers, MaxSources);
        foreach (var (i, peers) in await ReadAsync(
            many, some => SourceStore.FindOfUsersAsync(connection, membership.GroupId, some, users, ManyCandidates, since)))
        {
            found[i] = peers;
            if (users == MaxSources)
            {
                _recent.Add((group, contents[i]), peers, peers.Count);
            }
        }

        return [.. contents.Select((content, i) => new ContentSources(content, found[i].Deal(MaxSources, asker)))];

        async Task<IEnumerable<(int Content, DealtSources Peers)>> ReadAsync(List<int> which, Func<List<Hash256>, Task<ILookup<int, FoundSource>>> read)
        {
            if (which.Count == 0)
            {
                return [];
            }

            var rows = await read(which.ConvertAll(i => contents[i]));
            return which.Select((i, place) => (i, new DealtSources(rows[place].Select(row => row.ToResponse()))));
        }
    }
}
