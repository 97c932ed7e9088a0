using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Finds out from its swarm what a content has that local files do not have: as <see cref="SwarmFetch"/>, it asks sources for the piece layer, the chunk
/// map and trees, and decides about pieces by <see cref="LocalReuse"/>; it requests no block, and neither announces nor records anything.
/// </summary>
internal sealed class SwarmComparison : IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);

    private readonly DownloadDependencies _dependencies;
    private readonly DownloadRequest _request;
    private readonly ComparedPieces _pieces;
    private readonly ComparedFile? _local;
    private readonly OfferedContent _nothing;
    private readonly TimeProvider _clock;
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SourcePool _sources;
    private readonly PieceLayerFetch _layer;
    private readonly LocalReuse _reuse;
    private readonly SourceSearch _search;
    private long _bytesReceived;
    private volatile bool _knowsHashes;

    /// <param name="request">Its destination is the local file.</param>
    /// <param name="local">Owned.</param>
    public SwarmComparison(DownloadDependencies dependencies, DownloadRequest request, ComparedPieces pieces, ComparedFile? local)
    {
        (_dependencies, _request, _pieces, _local, _clock) = (dependencies, request, pieces, local, dependencies.Clock);
        // Other peers see on the channels that this one has nothing of the content; it is not among what is offered.
        _nothing = new OfferedContent(new NoContent(request.Content), _clock);
        _sources = new SourcePool(
            request.Name, dependencies.Fingerprint, dependencies.CreateConnector(_nothing, request.Group), Attach, dependencies.BulkAbove,
            dependencies.Random, dependencies.Logger, _clock);
        _layer = new PieceLayerFetch(request.Content, _clock);
        _reuse = new LocalReuse(dependencies, request, pieces, _sources, _ending.Token, keepsMap: false);
        _reuse.Open(local);
        _search = new SourceSearch(request, request.Content.PiecesRoot!.Value, dependencies.FindSources, _sources, Deny, _clock);
    }

    /// <summary>Bytes of hashes and of the chunk map that arrived.</summary>
    public long BytesReceived => Interlocked.Read(ref _bytesReceived);

    /// <summary>Runs until every piece is decided.</summary>
    /// <param name="progress">Receives the bytes of the pieces that are decided.</param>
    /// <exception cref="P2PShareException">NoSourceOnline, the tracker's, or SourceFileChanged or PathUnreadable for the local file.</exception>
    public async Task RunAsync(IProgress<long>? progress, CancellationToken cancellationToken)
    {
        // At once, for a download that needs the channels.
        await using var closing = cancellationToken.Register(() => _sources.Close(isComplete: false)).ConfigureAwait(false);
        try
        {
            if (_request.Content.PieceCount == 1)
            {
                _ = StartAsync();
            }

            await WaitAsync(progress, cancellationToken).ConfigureAwait(false);
            await _pieces.WaitAsync().ConfigureAwait(false);
            _local?.Check();
        }
        finally
        {
            await _ending.CancelAsync().ConfigureAwait(false);
            _done.TrySetCanceled(CancellationToken.None);
            _sources.Close(isComplete: false);
            await _reuse.DisposeAsync().ConfigureAwait(false);
            _nothing.Dispose();
        }
    }

    public void Dispose() => _ending.Dispose();

    public void CountReceived(int bytes) => Interlocked.Add(ref _bytesReceived, bytes);

    public void ReceiveBitfield(DownloadSource source, Bitfield has)
    {
        lock (_lock)
        {
            source.Has = has;
        }

        _sources.ResetBackoff(source);
        _reuse.Send();
        RequestLayer();
    }

    public void ReceiveHaves(DownloadSource source, int[] pieces)
    {
        lock (_lock)
        {
            Array.ForEach(pieces, piece => source.TryAddHave(piece));
        }

        RequestLayer();
    }

    public void ReceiveHashes(DownloadSource source, HashRange range, Hash256[] hashes)
    {
        CountReceived(hashes.Length * Hash256.Size);
        switch (_layer.Receive(source, range, hashes))
        {
            case PieceLayerFetch.Result.Right:
                _pieces.SetLayer(_layer.Hashes);
                _ = StartAsync();
                break;
            case PieceLayerFetch.Result.Wrong:
                _sources.Ban(source.Fingerprint, "it sent a wrong piece layer");
                RequestLayer();
                break;
            default:
                break;
        }
    }

    public void RejectHashes(DownloadSource source)
    {
        _layer.Reject(source);
        RequestLayer();
    }

    /// <summary>Records that the other side closed the channel.</summary>
    public void Refuse(DownloadSource source, CloseReason reason) => _sources.Refuse(source, reason);

    /// <summary>Records that the channel or its connection is gone.</summary>
    public void Lose(DownloadSource source)
    {
        source.IsLost = true;
        _sources.Remove(source);
        _layer.Lose(source);
        _reuse.Lose(source);
        if (!_done.Task.IsCompleted)
        {
            _sources.ReplaceDuplicate(source);
            RequestLayer();
        }
    }

    private void Attach(ISource peer)
    {
        if (_sources.TryAdd(peer) is not { } source)
        {
            return;
        }

        if (peer.Listen(new ComparisonListener(this, _reuse, source)) is { } has)
        {
            ReceiveBitfield(source, has);
        }

        // It may have been refused or lost before it had a listener.
        if (peer.IsClosed)
        {
            if (peer.RemoteReason is { } reason)
            {
                Refuse(source, reason);
            }

            Lose(source);
        }
    }

    private void RequestLayer()
    {
        if (_knowsHashes || _request.Content.PieceCount == 1)
        {
            return;
        }

        foreach (var source in _sources.Connected)
        {
            if (_layer.TryStart(source, out var ranges))
            {
                Array.ForEach(ranges, source.Peer.RequestHashes);
            }
        }
    }

    // Not on the thread that reads from a connection.
    private async Task StartAsync()
    {
        _knowsHashes = true;
        try
        {
            await Task.Run(() =>
            {
                _pieces.CountKnown();
                _reuse.Start();
            }).ConfigureAwait(false);
            await _reuse.Decided.ConfigureAwait(false);
            _done.TrySetResult();
        }
        catch (Exception e)
        {
            // It is not awaited: the comparison would wait for ever.
            _done.TrySetException(e);
        }
    }

    // Sources that are connected may continue for as long as their ticket is valid.
    private void Deny(P2PShareException e)
    {
        if (!HasUsefulSource())
        {
            _done.TrySetException(e);
        }
    }

    private bool HasUsefulSource() => _sources.Connected.Any(source => source is { IsLost: false, Has.Count: > 0 } && (_knowsHashes || _layer.CanAsk(source)));

    private async Task WaitAsync(IProgress<long>? progress, CancellationToken cancellationToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var usefulAt = _clock.GetTimestamp();
        try
        {
            while (true)
            {
                _search.StartIfDue(stopping.Token);
                await Task.WhenAny(_done.Task, Task.Delay(Tick, _clock, stopping.Token)).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
                progress?.Report(_pieces.BytesDecided);
                if (_done.Task.IsCompleted)
                {
                    await _done.Task.ConfigureAwait(false);
                    return;
                }

                usefulAt = CheckSources(usefulAt);
            }
        }
        finally
        {
            await stopping.CancelAsync().ConfigureAwait(false);
            await _search.WaitAsync().ConfigureAwait(false);
        }
    }

    // Returns when there was a useful source last, a timestamp of the clock.
    private long CheckSources(long usefulAt)
    {
        if (HasUsefulSource())
        {
            usefulAt = _clock.GetTimestamp();
        }
        else if (_search.IsOver(usefulAt, _dependencies.SourceTimeout))
        {
            // The tracker knows better why there is none: the group may be gone.
            return _done.Task.IsCompleted ? usefulAt : throw NoSourceError.CreateForComparison(_request, _sources);
        }
        else
        {
            _search.Hasten();
        }

        var maxStall = _dependencies.StallTimeout;
        _sources.DropStalled(maxStall, source => _layer.IsStalled(source, maxStall / 2));
        _reuse.Check();
        RequestLayer();
        return usefulAt;
    }
}
