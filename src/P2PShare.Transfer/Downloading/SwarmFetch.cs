using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>Fetches the missing pieces of a content from its swarm, until all are verified or it cannot continue.</summary>
internal sealed class SwarmFetch : IChannelAcceptor, IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RecordInterval = TimeSpan.FromSeconds(5);

    private readonly DownloadDependencies _dependencies;
    private readonly DownloadRequest _request;
    private readonly IPartFile _part;
    private readonly OfferedContent _offered;
    private readonly DownloadMeters _meters;
    private readonly Action _record;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SourcePool _sources;
    private readonly PieceLayerFetch _layer;
    private readonly RequestScheduler _scheduler;
    private readonly RequestSender _requests;
    private readonly PieceReceiver _receiver;
    private readonly LocalReuse _reuse;
    private readonly SourceSearch _search;

    /// <param name="part">Restored, and not complete.</param>
    /// <param name="offered">What other peers see of the content.</param>
    /// <param name="limiter">Limits this download alone.</param>
    /// <param name="record">Makes durable what was verified; called every few seconds.</param>
    public SwarmFetch(
        DownloadDependencies dependencies, DownloadRequest request, IPartFile part, OfferedContent offered, DownloadMeters meters, BandwidthLimiter limiter, Action record)
    {
        var content = request.Content;
        _dependencies = dependencies;
        _request = request;
        _part = part;
        _offered = offered;
        _meters = meters;
        _record = record;
        _clock = dependencies.Clock;
        _sources = new SourcePool(
            request.Name, dependencies.Fingerprint, dependencies.CreateConnector(offered, request.Group), Attach, dependencies.BulkAbove,
            dependencies.Random, dependencies.Logger, _clock);
        _layer = new PieceLayerFetch(content, _clock);
        _scheduler = new RequestScheduler(content, part.GetHave(), dependencies.Random, dependencies.Budget, _clock);
        _requests = new RequestSender(_scheduler, _layer, _sources, new RequestLimit(limiter, dependencies.Limiter), meters.Timings, part.KnowsHashes, _ending.Token);
        _receiver = new PieceReceiver(
            dependencies, request, part, _scheduler, _requests, _sources, new HaveCoalescer(SendHaves, _clock), meters, _done);
        var pieces = new DownloadPieces(part, _scheduler, _requests, _receiver, mayReflink: !request.InPlace);
        _reuse = new LocalReuse(dependencies, request, pieces, _sources, _ending.Token);
        _search = new SourceSearch(request, content.PiecesRoot!.Value, dependencies.FindSources, _sources, Deny, _clock);
    }

    /// <summary>Peers that are connected and have sent their bitfield.</summary>
    public int PeerCount => _sources.PeerCount;

    /// <exception cref="P2PShareException">It cannot continue; what was verified is kept.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Before any peer can be asked for a block.
            _reuse.Open(ReusedFile.TryOpen(_request, _part, _dependencies.Logger, _clock));
            if (_part.KnowsHashes)
            {
                _reuse.Start();
            }

            _offered.Acceptor = this;
            foreach (var channel in _offered.Channels)
            {
                Attach(channel);
            }

            await WaitForCompletionAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _offered.RemoveAcceptor(this);
            await _ending.CancelAsync().ConfigureAwait(false);
            _done.TrySetCanceled(CancellationToken.None);
            // First, so that a reader that is receiving a block requests no more.
            foreach (var source in _sources.Connected)
            {
                _scheduler.Remove(source);
            }

            _sources.Close(_part.GetHave().IsComplete);
            _scheduler.ReleaseBuffers();
            await _reuse.DisposeAsync().ConfigureAwait(false);
        }
    }

    public void Attach(ContentChannel channel) => Attach(new ChannelSource(channel));

    public void Dispose() => _ending.Dispose();

    public void ReceiveBitfield(DownloadSource source, Bitfield has)
    {
        _scheduler.Add(source, has);
        _sources.ResetBackoff(source);
        _reuse.Send();
        _requests.Send(source);
    }

    public void ReceiveHaves(DownloadSource source, int[] pieces)
    {
        _scheduler.AddHaves(source, pieces);
        _requests.Send(source);
    }

    public void Reject(DownloadSource source, BlockRange range)
    {
        _scheduler.Reject(source, range);
        _requests.SendAll();
    }

    public void ReceiveHashes(DownloadSource source, HashRange range, Hash256[] hashes)
    {
        switch (_layer.Receive(source, range, hashes))
        {
            case PieceLayerFetch.Result.Right:
                _ = StartBlocksAsync();
                break;
            case PieceLayerFetch.Result.Wrong:
                _sources.Ban(source.Fingerprint, "it sent a wrong piece layer");
                _requests.SendAll();
                break;
            default:
                break;
        }
    }

    public void RejectHashes(DownloadSource source)
    {
        _layer.Reject(source);
        _requests.SendAll();
    }

    /// <summary>Records that the other side closed the channel.</summary>
    public void Refuse(DownloadSource source, CloseReason reason) => _sources.Refuse(source, reason);

    /// <summary>Records that the channel or its connection is gone.</summary>
    public void Lose(DownloadSource source)
    {
        _sources.Remove(source);
        _scheduler.Remove(source);
        _layer.Lose(source);
        _reuse.Lose(source);
        if (!_done.Task.IsCompleted)
        {
            _sources.ReplaceDuplicate(source);
            _requests.SendAll();
        }
    }

    /// <summary>Takes a channel as a source, unless its peer is banned or it is one already.</summary>
    public void Attach(ISource peer)
    {
        if (_sources.TryAdd(peer) is not { } source)
        {
            return;
        }

        if (peer.Listen(new SourceListener(this, _receiver, _reuse, source)) is { } has)
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

    private async Task StartBlocksAsync()
    {
        try
        {
            if (await PartPreparation.RunAsync(_part, _layer.Hashes, _meters, _request, _dependencies.Logger, _ending.Token).ConfigureAwait(false) is { } problem)
            {
                _done.TrySetException(problem);
                return;
            }

            _scheduler.AddVerified(_part.GetHave());
            _reuse.Start();
        }
        catch (Exception e)
        {
            // It is not awaited: the download would wait for ever.
            _done.TrySetException(e);
            return;
        }

        _requests.StartBlocks();
        if (_part.GetHave().IsComplete)
        {
            _done.TrySetResult();
        }

        _requests.SendAll();
    }

    private void SendHaves(int[] pieces)
    {
        foreach (var channel in _offered.Channels)
        {
            channel.SendHaves(pieces);
        }
    }

    // Sources that are connected may continue for as long as their ticket is valid; without any the download is over.
    private void Deny(P2PShareException e)
    {
        if (!_requests.HasUsefulSource())
        {
            _done.TrySetException(e);
        }
    }

    private async Task WaitForCompletionAsync(CancellationToken cancellationToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // So that peers which start at the same time find this one.
        var announcing = _request.Content.PieceCount > 1 ? _dependencies.Contents.FlushAnnouncesAsync(stopping.Token) : Task.CompletedTask;
        var recording = Task.CompletedTask;
        var recordedAt = _clock.GetTimestamp();
        var usefulAt = _clock.GetTimestamp();
        try
        {
            while (true)
            {
                _search.StartIfDue(stopping.Token);
                await Task.WhenAny(_done.Task, Task.Delay(Tick, _clock, stopping.Token)).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
                if (_done.Task.IsCompleted)
                {
                    await _done.Task.ConfigureAwait(false);
                    return;
                }

                usefulAt = CheckSources(usefulAt);
                if (recording.IsCompleted && _clock.GetElapsedTime(recordedAt) >= RecordInterval)
                {
                    recordedAt = _clock.GetTimestamp();
                    await recording.ConfigureAwait(false);
                    recording = Task.Run(_record, CancellationToken.None);
                }
            }
        }
        finally
        {
            await stopping.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(announcing, _search.WaitAsync(), recording).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Returns when there was a useful source last, a timestamp of the clock.
    private long CheckSources(long usefulAt)
    {
        var isUseful = _requests.HasUsefulSource();
        _meters.Timings.HasSources(isUseful);
        if (isUseful)
        {
            usefulAt = _clock.GetTimestamp();
        }
        else if (_search.IsOver(usefulAt, _dependencies.SourceTimeout))
        {
            // The tracker knows better why there is none: the group may be gone.
            return _done.Task.IsCompleted ? usefulAt : throw NoSourceError.Create(_request, _sources);
        }
        else
        {
            _search.Hasten();
        }

        var maxStall = _dependencies.StallTimeout;
        _sources.DropStalled(maxStall, source => _layer.IsStalled(source, maxStall / 2));
        _reuse.Check();
        _requests.SendAll();
        return usefulAt;
    }
}
