using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Asks the sources for what the walks of many pieces need, and each answer of one source, so that a wrong one names its sender. What a source refuses or
/// does not send is asked of another one; a walk that no source answers is given up. Safe for concurrent use.
/// </summary>
/// <param name="ended">Receives each walk once, complete or given up; called on any thread, outside the lock.</param>
internal sealed class TreeFetch(ContentDescription content, TimeProvider clock, Action<TreeWalk> ended)
{
    /// <summary>Most requests that a source has waiting, some times less than what it keeps: other downloads use the connection too.</summary>
    internal const int MaxPerSource = 64;

    /// <summary>How long a source may answer no tree request at all. It may have to read 16 MiB for each.</summary>
    internal static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How long a walk may take: then its piece is fetched whole.</summary>
    internal static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly Dictionary<int, Walk> _walks = [];
    private readonly Dictionary<DownloadSource, Asked> _asked = [];

    // They are about to be lost: a walk waits for other sources, as if these had been lost already.
    private readonly HashSet<DownloadSource> _wrong = [];

    /// <summary>Begins a walk that is not complete; <see cref="Send"/> sends its requests.</summary>
    public void Add(TreeWalk walk)
    {
        lock (_lock)
        {
            var added = new Walk(walk, clock.GetTimestamp());
            added.Waiting.AddRange(walk.First.Select(nodes => ToRange(walk, nodes)));
            _walks.Add(walk.Piece, added);
        }
    }

    /// <summary>Sends what waits to the sources that have the pieces.</summary>
    public void Send(ICollection<DownloadSource> sources)
    {
        var requests = new List<(DownloadSource Source, TreeRange Range)>();
        var refused = new List<Walk>();
        lock (_lock)
        {
            DownloadSource[] usable = [.. sources.Where(source => source is { IsLost: false, Has: not null } && !_wrong.Contains(source))];
            foreach (var walk in _walks.Values.Where(walk => walk.Waiting.Count > 0))
            {
                if (!TakeRequests(walk, usable, requests))
                {
                    refused.Add(walk);
                }
            }

            refused.ForEach(walk => _walks.Remove(walk.Of.Piece));
        }

        foreach (var (source, range) in requests)
        {
            source.Peer.RequestTree(range with { Channel = source.Peer.ChannelId });
        }

        refused.ForEach(walk => ended(walk.Of));
    }

    /// <summary>Takes an answer.</summary>
    /// <returns>False if it is wrong.</returns>
    /// <exception cref="WireException">It was not requested.</exception>
    public bool Receive(DownloadSource source, TreeRange range, Hash256[] hashes)
    {
        TreeWalk? complete = null;
        lock (_lock)
        {
            if (TryTake(source, range) is not var (walk, asked) || !walk.Asked.ContainsKey(asked))
            {
                return true;
            }

            var nodes = new TreeNodes(asked.Height, asked.Index - PieceTree.FirstNode(content, walk.Of.Piece, asked.Height), asked.Count);
            walk.Asked.Remove(asked);
            if (walk.Of.Receive(nodes, hashes) is not { } next)
            {
                walk.Refuse(source, asked);
                _wrong.Add(source);
                return false;
            }

            walk.Waiting.AddRange(next.Select(below => ToRange(walk.Of, below)));
            if (walk.Of.IsComplete)
            {
                _walks.Remove(walk.Of.Piece);
                complete = walk.Of;
            }
        }

        if (complete is not null)
        {
            ended(complete);
        }

        return true;
    }

    /// <summary>Records that a source will not answer.</summary>
    /// <exception cref="WireException">It was not asked.</exception>
    public void Reject(DownloadSource source, TreeRange range)
    {
        lock (_lock)
        {
            if (TryTake(source, range) is var (walk, asked) && walk.Asked.TryGetValue(asked, out var from) && from.Source == source)
            {
                walk.Asked.Remove(asked);
                walk.Refuse(source, asked);
            }
        }
    }

    /// <summary>Records that a source is lost: others are asked.</summary>
    public void Lose(DownloadSource source)
    {
        lock (_lock)
        {
            _asked.Remove(source);
            _wrong.Remove(source);
            foreach (var walk in _walks.Values)
            {
                walk.RequeueFrom(source, _ => true);
            }
        }
    }

    /// <summary>Gives up what takes too long. Called now and then.</summary>
    /// <param name="hasSources">Whether any source is connected: without one nothing is late.</param>
    public void Expire(bool hasSources)
    {
        var late = new List<Walk>();
        lock (_lock)
        {
            foreach (var (source, asked) in _asked)
            {
                foreach (var walk in _walks.Values)
                {
                    // A source that reads for one answer after the other is slow, and not silent.
                    walk.RequeueFrom(source, sentAt => clock.GetElapsedTime(Math.Max(sentAt, asked.AnsweredAt)) > AnswerTimeout);
                }
            }

            if (hasSources)
            {
                late.AddRange(_walks.Values.Where(walk => clock.GetElapsedTime(walk.Since) > MaxTime));
                late.ForEach(walk => _walks.Remove(walk.Of.Piece));
            }
        }

        late.ForEach(walk => ended(walk.Of));
    }

    // False if each source that has the piece has refused it.
    private bool TakeRequests(Walk walk, DownloadSource[] usable, List<(DownloadSource Source, TreeRange Range)> requests)
    {
        var having = Array.FindAll(usable, source => source.Has![walk.Of.Piece]);
        var willing = Array.FindAll(having, source => !walk.Refused.Contains(source));
        if (willing.Length == 0)
        {
            return having.Length == 0;
        }

        while (walk.Waiting.Count > 0 && willing.MinBy(CountAsked) is { } source && CountAsked(source) < MaxPerSource)
        {
            var range = walk.Waiting[^1];
            walk.Waiting.RemoveAt(walk.Waiting.Count - 1);
            if (!_asked.TryGetValue(source, out var asked))
            {
                _asked[source] = asked = new Asked { AnsweredAt = clock.GetTimestamp() };
            }

            // It may still answer an earlier request for the same.
            if (asked.Ranges.Add(range))
            {
                requests.Add((source, range));
            }

            walk.Asked[range] = (source, clock.GetTimestamp());
        }

        return true;
    }

    private int CountAsked(DownloadSource source) => _asked.TryGetValue(source, out var asked) ? asked.Ranges.Count : 0;

    // Null if the walk has ended.
    private (Walk Walk, TreeRange Asked)? TryTake(DownloadSource source, TreeRange range)
    {
        var key = range with { Channel = 0 };
        if (!_asked.TryGetValue(source, out var asked) || !asked.Ranges.Remove(key))
        {
            throw new WireException("Hashes of a tree arrived that were not requested.");
        }

        asked.AnsweredAt = clock.GetTimestamp();
        var piece = PieceTree.FindPiece(content, range.Height, range.Index, range.Count)!.Value;
        return _walks.TryGetValue(piece, out var walk) ? (walk, key) : null;
    }

    private TreeRange ToRange(TreeWalk walk, TreeNodes nodes) =>
        new(0, nodes.Height, PieceTree.FirstNode(content, walk.Piece, nodes.Height) + nodes.First, nodes.Count);

    private sealed class Asked
    {
        /// <summary>Requests that the source has not answered; their channel is 0.</summary>
        public HashSet<TreeRange> Ranges { get; } = [];

        /// <summary>A timestamp of the clock.</summary>
        public long AnsweredAt { get; set; }
    }

    private sealed class Walk(TreeWalk of, long since)
    {
        public TreeWalk Of => of;

        /// <summary>A timestamp of the clock.</summary>
        public long Since => since;

        /// <summary>Requests to be sent.</summary>
        public List<TreeRange> Waiting { get; } = [];

        public Dictionary<TreeRange, (DownloadSource Source, long SentAt)> Asked { get; } = [];

        /// <summary>Sources that are not asked any more.</summary>
        public HashSet<DownloadSource> Refused { get; } = [];

        public void Refuse(DownloadSource source, TreeRange range)
        {
            Refused.Add(source);
            Waiting.Add(range);
        }

        public void RequeueFrom(DownloadSource source, Func<long, bool> isLate)
        {
            foreach (var range in Asked.Where(asked => asked.Value.Source == source && isLate(asked.Value.SentAt)).Select(asked => asked.Key).ToArray())
            {
                Asked.Remove(range);
                Refuse(source, range);
            }
        }
    }
}
