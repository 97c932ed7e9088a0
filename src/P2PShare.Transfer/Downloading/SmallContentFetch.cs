using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Transfer.Downloading;

/// <summary>Connects to a peer that has a content of a group, whichever side dials.</summary>
/// <exception cref="IOException">It cannot be reached.</exception>
internal delegate Task<PeerConnection> ConnectToSource(SourcePeer peer, GroupIdentity group, Hash256 piecesRoot, CancellationToken cancellationToken);

/// <summary>
/// Fetches contents of one piece, hundreds at a time: one look-up, a few requests, and one write of the state for all of them. What
/// does not succeed so is left to the ordinary <see cref="Downloading.Download"/>, which has patience and explains. Safe for concurrent use.
/// </summary>
internal sealed class SmallContentFetch
{
    internal const int MaxSources = 8;

    private const int MaxLookUps = 3;

    // Of a ticket: what is requested with it is sent before it expires.
    private static readonly TimeSpan LeastValidity = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly DownloadDependencies _dependencies;
    private readonly SmallContentSearch _search;
    private readonly ConnectToSource _connect;
    private readonly ReceivedContents _received;
    private readonly Lock _lock = new();
    private readonly WantedContents _wanted = new();
    private readonly Dictionary<Hash256, SmallContentSource?> _sources = [];
    private readonly HashSet<Hash256> _banned = [];
    private readonly PeerBackoff _backoff;
    private int _count;
    private bool _isWatching;

    public SmallContentFetch(DownloadDependencies dependencies, FindManySources find, ConnectToSource connect)
    {
        (_dependencies, _connect) = (dependencies, connect);
        _search = new SmallContentSearch(find, Add, dependencies.Logger);
        _backoff = new PeerBackoff(dependencies.Clock);
        _received = new ReceivedContents(dependencies, this);
    }

    /// <summary>The turns of downloads that are left to the ordinary way.</summary>
    public OrdinaryTurns OrdinaryTurns { get; } = new();

    /// <summary>Whether a download may be fetched so: bytes that this machine has are for the ordinary way.</summary>
    public bool Accepts(DownloadRequest request) => request is { InPlace: false, Content: { PieceCount: 1, Size: <= ContentMessage.MaxSize } }
        && _dependencies.Contents.FindWhole(request.Content.PiecesRoot!.Value) is null;

    /// <summary>Fetches a content, saves its download as complete, and offers the file.</summary>
    /// <returns>False if it has to be fetched in the ordinary way.</returns>
    public async Task<bool> TryFetchAsync(WantedContent wanted, CancellationToken cancellationToken)
    {
        if (File.Exists(wanted.Download.Request.Destination + FileName.PartSuffix))
        {
            return false;
        }

        await using var cancelling = cancellationToken.UnsafeRegister(static (state, token) => ((WantedContent)state!).Cancel(token), wanted).ConfigureAwait(false);
        lock (_lock)
        {
            _count++;
            if (!_isWatching)
            {
                _isWatching = true;
                _ = WatchAsync();
            }
        }

        _search.Add(wanted);
        try
        {
            return await wanted.Done.ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
            {
                _count--;
            }
        }
    }

    /// <summary>Takes a content that has arrived.</summary>
    public void Receive(ArrivedContent arrived) => _received.Add(arrived);

    /// <summary>Notes that a source has sent a content with the right bytes.</summary>
    public void Trust(SmallContentSource source) => _backoff.Reset(source.Fingerprint);

    /// <summary>Asks other peers for contents that a source did not send.</summary>
    public void Requeue(SmallContentSource source, IReadOnlyList<WantedContent> contents)
    {
        lock (_lock)
        {
            foreach (var content in contents)
            {
                content.Exclude(source.Fingerprint);
                _wanted.AddFirst(content);
            }
        }

        Assign();
    }

    /// <summary>Stops using a source that sent wrong bytes.</summary>
    public void Ban(SmallContentSource source, WantedContent wrong)
    {
        _dependencies.Metrics.HashFailed();
        lock (_lock)
        {
            _banned.Add(source.Fingerprint);
        }

        _dependencies.Logger.PeerBanned(source.Fingerprint, wrong.Download.Request.Name, "it sent a wrong piece");
        Requeue(source, [wrong]);
        Lose(source, isAtFault: true);
    }

    /// <summary>Stops using a source: its connection is gone, or it does not do what it should.</summary>
    public void Lose(SmallContentSource source, bool isAtFault)
    {
        lock (_lock)
        {
            if (_sources.GetValueOrDefault(source.Fingerprint) == source)
            {
                _sources.Remove(source.Fingerprint);
            }
        }

        if (isAtFault)
        {
            _backoff.AddFailure(source.Fingerprint);
        }

        Requeue(source, source.End());
    }

    /// <summary>Requests what is ready from the sources that have room, and gives up what has no source left.</summary>
    public void Assign()
    {
        IReadOnlyList<WantedContent> hopeless;
        IReadOnlyList<WantedContent> expired;
        var requests = new List<(SmallContentSource Source, List<WantedContent> Contents)>();
        lock (_lock)
        {
            foreach (var ended in _sources.Where(one => one.Value is { IsEnded: true }).Select(one => one.Key).ToList())
            {
                _sources.Remove(ended);
            }

            expired = _wanted.RemoveExpired(_dependencies.Clock.GetUtcNow() + LeastValidity);
            hopeless = _wanted.RemoveHopeless(_sources.Keys);
            // Several sources share what there is, those that are still being connected to included.
            var sources = _sources.Values.OfType<SmallContentSource>().Where(source => source.HasRoom).ToList();
            foreach (var source in sources)
            {
                var share = Math.Max(16, (_wanted.Count + _sources.Count - 1) / _sources.Count);
                while (share > 0 && _wanted.Take(source, share, _dependencies.Limiter.SliceLength) is { Count: > 0 } taken)
                {
                    share -= taken.Count;
                    requests.Add((source, taken));
                }
            }
        }

        foreach (var content in expired)
        {
            // A clock that is wrong finds all tickets expired.
            if (content.LookUps < MaxLookUps)
            {
                _search.Add(content);
            }
            else
            {
                content.GiveUp();
            }
        }

        foreach (var content in hopeless)
        {
            content.GiveUp();
        }

        requests.ForEach(request => _ = RequestAsync(request.Source, request.Contents));
    }

    private async Task RequestAsync(SmallContentSource source, List<WantedContent> contents)
    {
        await _dependencies.Limiter.WaitAsync(contents.Sum(content => content.Size), CancellationToken.None).ConfigureAwait(false);
        source.Send(contents[0].Sources!.Ticket, contents[0].Download.Request.Group.Id, [.. contents.Select(content => content.PiecesRoot)]);
    }

    private void Add(GroupIdentity group, IReadOnlyList<WantedContent> batch, IReadOnlyDictionary<Hash256, SourceLocator.Sources> found)
    {
        lock (_lock)
        {
            foreach (var content in batch)
            {
                content.SetSources(found.GetValueOrDefault(content.PiecesRoot));
                _wanted.AddLast(content);
            }

            var known = found.SelectMany(one => one.Value.Peers.Select(peer => (Peer: peer, Root: one.Key))).DistinctBy(one => one.Peer.Fingerprint)
                .Where(one => CanTry(one.Peer.Fingerprint)).ToDictionary(one => one.Peer, one => one.Root);
            var peers = known.Keys.ToArray();
            _dependencies.Random.Shuffle(peers);
            foreach (var peer in SourcePeer.DealByUser(peers, _ => 0).Take(MaxSources - _sources.Count))
            {
                _sources[peer.Fingerprint] = null;
                _ = ConnectAsync(peer, group, known[peer]);
            }
        }

        Assign();
    }

    private bool CanTry(Hash256 fingerprint) => fingerprint != _dependencies.Fingerprint && !_sources.ContainsKey(fingerprint)
        && !_banned.Contains(fingerprint) && _backoff.CanTry(fingerprint);

    private async Task ConnectAsync(SourcePeer peer, GroupIdentity group, Hash256 root)
    {
        // Not under the lock of the caller.
        await Task.Yield();
        SmallContentSource? source = null;
        try
        {
            var connection = await _connect(peer, group, root, CancellationToken.None).ConfigureAwait(false);
            source = connection.ContentListener as SmallContentSource;
            if (source is null or { IsEnded: true, HasUnanswered: false })
            {
                connection.ContentListener = source = new SmallContentSource(connection, this, _dependencies.Clock);
            }

            source = connection.IsEnding || source.IsEnded ? null : source;
        }
        catch (Exception e)
        {
            // Whatever it was: what waits for this peer is not to wait for ever.
            _dependencies.Logger.SmallContentSourceFailed(peer.Fingerprint, e.Message);
            _backoff.AddFailure(peer.Fingerprint);
        }

        lock (_lock)
        {
            if (source is null)
            {
                _sources.Remove(peer.Fingerprint);
            }
            else
            {
                _sources[peer.Fingerprint] = source;
            }
        }

        Assign();
        // Its reader may have ended before the source was known.
        if (source is { Connection.IsClosed: true })
        {
            Lose(source, isAtFault: true);
        }
    }

    // While contents are wanted: drops sources that do not send.
    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(Tick, _dependencies.Clock);
        while (await timer.WaitForNextTickAsync().ConfigureAwait(false))
        {
            List<SmallContentSource> stalled;
            lock (_lock)
            {
                var connected = _sources.Values.OfType<SmallContentSource>().ToList();
                if (_count == 0)
                {
                    // A peer that was banned or lost may be right about other contents.
                    _isWatching = false;
                    _sources.Clear();
                    _banned.Clear();
                    return;
                }

                stalled = connected.FindAll(source => source.IsStalled(_dependencies.StallTimeout / 4, _dependencies.StallTimeout));
            }

            foreach (var source in stalled)
            {
                Lose(source, isAtFault: true);
            }

            Assign();
        }
    }
}
