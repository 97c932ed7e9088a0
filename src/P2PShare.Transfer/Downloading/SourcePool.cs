using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// The sources of one download: which peers are connected, tried again later, exchanged for others, and banned. Safe for
/// concurrent use.
/// </summary>
/// <param name="name">The name of the file, for the log.</param>
/// <param name="ownFingerprint">The tracker may name this peer itself.</param>
/// <param name="attach">Takes a new channel as a source, which means <see cref="TryAdd"/> among other things.</param>
/// <param name="bulkAbove">Bytes a second above which bulk connections to a source are opened.</param>
internal sealed class SourcePool(
    string name, Hash256 ownFingerprint, ISourceConnector connector, Action<ISource> attach, double bulkAbove, Random random, ILogger logger, TimeProvider clock)
{
    internal const int MaxSources = 16;

    // What a near source sends before its speed says anything.
    internal const long BulkAfterBytes = 8 * 1024 * 1024;

    // How often the connections to a peer are counted.
    internal static readonly TimeSpan BulkInterval = TimeSpan.FromMilliseconds(100);

    internal static readonly TimeSpan RotationInterval = TimeSpan.FromSeconds(30);

    // A request that takes longer holds up its piece, and is worth sending to another source if there is one.
    internal static readonly TimeSpan MaxReceiveTime = TimeSpan.FromSeconds(60);

    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<DownloadSource, bool> _connected = new();
    private readonly ConcurrentDictionary<Hash256, bool> _connecting = new();
    private readonly ConcurrentDictionary<Hash256, bool> _banned = new();
    private readonly ConcurrentDictionary<Hash256, BulkPeer> _bulk = new();
    private readonly PeerBackoff _backoff = new(clock);
    private volatile SourceLocator.Sources? _found;
    private volatile bool _isClosed;
    private long _rotatedAt = clock.GetTimestamp();

    /// <summary>A copy.</summary>
    public ICollection<DownloadSource> Connected => _connected.Keys;

    /// <summary>Peers that are connected and have sent their bitfield.</summary>
    public int PeerCount => _connected.Keys.Where(source => source.Has is not null).Select(source => source.Fingerprint).Distinct().Count();

    /// <summary>Peers that the tracker named last.</summary>
    public int KnownPeers { get; private set; }

    /// <summary>What went wrong last; null if nothing did.</summary>
    public string? LastProblem { get; set; }

    /// <summary>Adds a channel as a source.</summary>
    /// <returns>Null if the peer is banned or the channel is a source already.</returns>
    public DownloadSource? TryAdd(ISource peer)
    {
        if (_banned.ContainsKey(peer.Fingerprint))
        {
            return null;
        }

        lock (_lock)
        {
            if (_connected.Keys.Any(other => other.Peer.Equals(peer)))
            {
                return null;
            }

            var source = new DownloadSource(peer, clock);
            _connected[source] = true;
            return source;
        }
    }

    /// <summary>Removes a lost source. After a bulk connection, the first connection to the same peer is used again.</summary>
    public void Remove(DownloadSource source)
    {
        _connected.TryRemove(source, out _);
        if (source.Peer.IsBulk)
        {
            foreach (var other in FindAll(source.Fingerprint))
            {
                other.IsSpare = false;
            }
        }
    }

    /// <summary>Connects to peers that the tracker named, if they may be tried now and there is room.</summary>
    /// <exception cref="OperationCanceledException">By <paramref name="cancellationToken"/>.</exception>
    public Task ConnectAsync(SourceLocator.Sources found, CancellationToken cancellationToken)
    {
        // The tracker is asked far more often than tickets expire, so that every connection always has a fresh one.
        _found = found;
        foreach (var source in _connected.Keys.Where(source => source.Peer.IsOpenedHere))
        {
            source.Peer.Renew(found);
        }

        KnownPeers = found.Peers.Count;
        var others = found.Peers.Where(CanTry).ToArray();
        random.Shuffle(others);
        var connected = _connected.Keys.Select(source => source.Fingerprint).ToHashSet();
        others = [.. SourcePeer.DealByUser(others, user => found.Peers.Count(peer => peer.UserId == user && connected.Contains(peer.Fingerprint)))];
        if (others.Length > 0 && connected.Count >= MaxSources)
        {
            Rotate();
        }

        var room = MaxSources - _connected.Keys.Select(source => source.Fingerprint).Distinct().Count() - _connecting.Count;
        return Task.WhenAll(others.Take(room).Select(peer => ConnectAsync(peer, found, cancellationToken)));
    }

    /// <summary>Opens a channel over the connection that stays, if a source was lost because both peers had dialled.</summary>
    public void ReplaceDuplicate(DownloadSource source)
    {
        if (source.Peer.IsDuplicate && _found is { } found && connector.TryReuse(source.Fingerprint, found) is { } twin)
        {
            attach(twin);
        }
    }

    /// <summary>Opens the bulk connections to a source that <see cref="BulkConnections"/> finds it needs. One that was lost is not opened again.</summary>
    public void AddBulkConnections(DownloadSource source)
    {
        if (!source.Peer.IsDialled)
        {
            return;
        }

        var peer = _bulk.GetOrAdd(source.Fingerprint, _ => new BulkPeer(clock));
        if (!peer.TryLook(BulkInterval))
        {
            return;
        }

        var all = FindAll(source.Fingerprint).ToArray();
        if (Array.Find(all, one => !one.Peer.IsBulk) is not { Peer: { IsDialled: true, IsClosed: false } } first)
        {
            return;
        }

        var fastFrom = all.Sum(one => one.BytesReceived) > BulkAfterBytes ? bulkAbove : double.PositiveInfinity;
        var count = BulkConnections.GetCount(source.Peer.Path, all.Sum(one => one.Speed.BytesPerSecond), fastFrom, Math.Max(1, PeerCount));
        for (var missing = peer.Reserve(count); missing > 0; missing--)
        {
            _ = AddBulkConnectionAsync(first, peer);
        }
    }

    /// <summary>Stops using a peer for this download.</summary>
    /// <param name="why">What it did, as a clause.</param>
    public void Ban(Hash256 fingerprint, string why)
    {
        _banned[fingerprint] = true;
        LastProblem = $"a peer was banned: {why}";
        logger.PeerBanned(fingerprint, name, why);
        foreach (var source in FindAll(fingerprint))
        {
            source.Peer.Close(CloseReason.Done);
        }
    }

    /// <summary>Records that the peer closed the channel: it is tried again later.</summary>
    public void Refuse(DownloadSource source, CloseReason reason)
    {
        LastProblem = reason switch
        {
            CloseReason.NotOffered => $"{source.Peer.RemoteEndPoint} does not offer it any more",
            CloseReason.TicketRefused or CloseReason.TicketExpired => $"{source.Peer.RemoteEndPoint} refused the ticket",
            CloseReason.VersionUnknown => $"{source.Peer.RemoteEndPoint} speaks another version than p2pshare/{HelloMessage.CurrentVersion}, and the older of the two has to be updated",
            _ => $"{source.Peer.RemoteEndPoint} ended the transfer ({reason})",
        };
        _backoff.AddFailure(source.Fingerprint);
    }

    /// <summary>Records that a peer works: its earlier failures do not count any more.</summary>
    public void ResetBackoff(DownloadSource source) => _backoff.Reset(source.Fingerprint);

    /// <summary>Disconnects sources that do not send what was requested: they are tried again later.</summary>
    /// <param name="maxStall">The longest that a source may be silent, whatever its history.</param>
    /// <param name="isLayerStalled">Whether a source does not send the piece layer that was requested.</param>
    public void DropStalled(TimeSpan maxStall, Func<DownloadSource, bool> isLayerStalled)
    {
        foreach (var source in _connected.Keys)
        {
            if (IsSilent(source, maxStall) || IsTrickling(source) || isLayerStalled(source))
            {
                LastProblem = $"{source.Peer.RemoteEndPoint} stopped sending";
                _backoff.AddFailure(source.Fingerprint);
                source.Peer.Abort();
            }
        }
    }

    /// <summary>Ends the use of all sources; those that this side opened are closed unless the peer still fetches over them.</summary>
    /// <param name="isComplete">Whether this side has all pieces.</param>
    public void Close(bool isComplete)
    {
        _isClosed = true;
        foreach (var source in _connected.Keys)
        {
            source.Peer.StopListening();
            if (source.Peer.IsBulk)
            {
                source.Peer.Disconnect(CloseReason.Done);
            }
            else if (source.Peer.IsOpenedHere && (!isComplete || source.Peer.RemoteHas is not { IsComplete: false }))
            {
                source.Peer.Close(CloseReason.Done);
            }
        }
    }

    private static bool IsSilent(DownloadSource source, TimeSpan maxStall) =>
        source.StalledFor > (source.StallTimeout < maxStall ? source.StallTimeout : maxStall);

    private bool IsTrickling(DownloadSource source) =>
        source.Receiving is var (piece, since) && clock.GetElapsedTime(since) > MaxReceiveTime
            && _connected.Keys.Any(other => other.Fingerprint != source.Fingerprint && other.Has is { } has && has[piece]);

    private IEnumerable<DownloadSource> FindAll(Hash256 fingerprint) => _connected.Keys.Where(source => source.Fingerprint == fingerprint);

    private bool CanTry(SourcePeer peer) =>
        peer.Fingerprint != ownFingerprint && !_connecting.ContainsKey(peer.Fingerprint) && !_banned.ContainsKey(peer.Fingerprint)
            && !FindAll(peer.Fingerprint).Any() && _backoff.CanTry(peer.Fingerprint);

    // The slowest makes room for a peer that was not tried: the first look-up named its peers by chance.
    private void Rotate()
    {
        if (clock.GetElapsedTime(_rotatedAt) < RotationInterval)
        {
            return;
        }

        _rotatedAt = clock.GetTimestamp();
        // With all connections to it: each of many to one peer is slow.
        var slowest = _connected.Keys
            .GroupBy(source => source.Fingerprint)
            .Where(peer => peer.Any(source => source.Peer is { IsOpenedHere: true, IsBulk: false }))
            .MinBy(peer => peer.Sum(source => source.Speed.BytesPerSecond));
        foreach (var source in slowest ?? Enumerable.Empty<DownloadSource>())
        {
            Action<CloseReason> end = source.Peer.IsBulk ? source.Peer.Disconnect : source.Peer.Close;
            end(CloseReason.Done);
        }
    }

    private async Task ConnectAsync(SourcePeer peer, SourceLocator.Sources found, CancellationToken cancellationToken)
    {
        _connecting[peer.Fingerprint] = true;
        try
        {
            attach(await connector.ConnectAsync(peer, found, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            LastProblem = e.Message;
            _backoff.AddFailure(peer.Fingerprint);
        }
        finally
        {
            _connecting.TryRemove(peer.Fingerprint, out _);
        }
    }

    private async Task AddBulkConnectionAsync(DownloadSource source, BulkPeer peer)
    {
        try
        {
            if (await connector.ConnectBulkAsync(source.Peer, () => _isClosed ? null : _found).ConfigureAwait(false) is { } bulk)
            {
                // Before it is attached: if the new connection is lost at once, that takes it back. To a far peer all are used.
                source.IsSpare = source.Peer.Path is not { IsFar: true };
                attach(bulk);
                if (_isClosed)
                {
                    bulk.Disconnect(CloseReason.Done);
                }
            }
            else
            {
                // There was no room, and may be later.
                peer.Return();
            }
        }
        catch (IOException e)
        {
            peer.Return();
            logger.BulkConnectionFailed(source.Fingerprint, e.Message);
        }
    }
}
