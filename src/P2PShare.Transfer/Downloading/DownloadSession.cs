using System.Collections.Concurrent;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// One stretch of a download, from its start or resume until it is complete, fails or is put on hold: finds sources,
/// asks them, verifies what comes, and offers it to others at once.
/// </summary>
/// <param name="recorded">Told, every few seconds, how many bytes are verified.</param>
internal sealed partial class DownloadSession(PeerServer server, DownloadRequest request, BandwidthLimiter limiter, Action<long> recorded) : IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RecordInterval = TimeSpan.FromSeconds(5);
    // Peers that start together do not see each other at once: asked soon again, then less and less often.
    private static readonly TimeSpan FirstLookUpInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LastLookUpInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookUpIntervalWithoutSources = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<DownloadSource, bool> _sources = new();
    private readonly SpeedMeter _speed = new(TimeProvider.System);
    private readonly DownloadTimings _clock = new(TimeProvider.System);
    private readonly PieceLayerFetch _layer = new(request.Content);
    private readonly ContentDescription _content = request.Content;
    private PartFile? _part;
    private OfferedContent? _offered;
    private HaveCoalescer? _haves;
    private RequestScheduler? _scheduler;
    private string? _lastProblem;
    private volatile bool _canVerify;

    public DownloadProgress Progress
    {
        get
        {
            var verified = _part?.BytesVerified ?? 0;
            var speed = _speed.BytesPerSecond;
            var left = speed >= 1 ? TimeSpan.FromSeconds((_content.Size - verified) / speed) : (TimeSpan?)null;
            return new DownloadProgress(
                verified, _content.Size, _part?.GetHave().Count ?? 0, _content.PieceCount, speed, left, _speed.Total, _sources.Keys.Where(source => source.Has is not null).Select(source => source.Fingerprint).Distinct().Count());
        }
    }

    /// <summary>How much this download may take; that of the peer server holds beside it.</summary>
    public BandwidthLimiter Limiter => limiter;

    public DownloadTimes Times => _clock.Times;

    public void Dispose() => _ending.Dispose();

    /// <exception cref="P2PShareException">It cannot go on; what was verified is kept.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (!request.Overwrite && File.Exists(request.Destination))
        {
            throw PartFile.Exists(request.Destination);
        }

        await GatedAsync(() => _part = PartFile.Open(request.Destination, _content), cancellationToken).ConfigureAwait(false);
        var part = _part!;
        try
        {
            if (_content.Size == 0)
            {
                part.Finish(request.Destination, request.Overwrite);
                return;
            }

            var restoring = DownloadTimings.Now;
            await part.RestoreAsync(cancellationToken).ConfigureAwait(false);
            _clock.AddDisk(restoring);
            _offered = server.Offer(part, request.Group, request.Name);
            if (!_offered.IsBacked(part))
            {
                CopyFromHere(part, _offered, cancellationToken);
            }

            var have = part.GetHave();
            if (!have.IsComplete)
            {
                await FetchAsync(part, have, cancellationToken).ConfigureAwait(false);
            }

            var finishing = DownloadTimings.Now;
            await GatedAsync(() => server.Finish(_offered, part, request), cancellationToken).ConfigureAwait(false);
            _clock.AddDisk(finishing);
        }
        catch
        {
            RecordQuietly(part);
            throw;
        }
        finally
        {
            if (_offered is not null)
            {
                server.Withdraw(_offered, part, request.Group);
            }

            part.Dispose();
            _clock.End();
        }
    }

    private async Task GatedAsync(Action work, CancellationToken cancellationToken)
    {
        await server.FolderGate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            work();
        }
        finally
        {
            server.FolderGate.Release();
        }
    }

    // The same bytes are on this machine already, shared or received under another name.
    private void CopyFromHere(PartFile part, OfferedContent here, CancellationToken cancellationToken)
    {
        part.SetPieceLayer([.. here.PieceLayer]);
        try
        {
            for (var index = 0; index < _content.PieceCount; index++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (part.Has(index) || !here.Has(index))
                {
                    continue;
                }

                using var piece = new ActivePiece(_content, index, _content.PieceLength);
                var whole = piece.Parts[0];
                here.Read((long)index * _content.PieceLength, piece.BufferOf(whole).Span);
                piece.HashPart(whole);
                if (piece.ComputeHash(_content) == part.PieceHash(index))
                {
                    part.WritePiece(index, piece.Data);
                    _speed.Add(piece.Length);
                }
            }
        }
        catch (P2PShareException e) when (e.Code is ErrorCode.SourceFileChanged or ErrorCode.PathNotFound or ErrorCode.PathUnreadable)
        {
            // It is gone or changed here: the network has it.
            server.ContentUnreadable(here, e);
        }
    }

    private async Task FetchAsync(PartFile part, Bitfield have, CancellationToken cancellationToken)
    {
        _scheduler = new RequestScheduler(_content, have, Random.Shared, server.PieceMemoryBudget);
        _haves = new HaveCoalescer(SendHaves);
        _canVerify = part.KnowsHashes;
        server.AddRun(_offered!, this);
        try
        {
            foreach (var channel in _offered!.Channels)
            {
                Attach(channel);
            }

            await SeekSourcesAsync(part, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            server.RemoveRun(_offered!, this);
            await _ending.CancelAsync().ConfigureAwait(false);
            _done.TrySetCanceled(CancellationToken.None);
            foreach (var source in _sources.Keys)
            {
                source.Channel.ClearFetch();
                _scheduler.Leave(source);
                if (source.Channel.Connection.IsBulk)
                {
                    source.Channel.Connection.Close(CloseReason.Done);
                    continue;
                }

                // Who opened a channel closes it, unless the other side still has something to fetch over it.
                if (source.Channel.UserName is null && (!part.GetHave().IsComplete || source.Channel.RemoteHas is not { IsComplete: false }))
                {
                    source.Channel.Connection.Close(source.Channel, CloseReason.Done);
                }
            }

            _scheduler.ReleaseBuffers();
        }
    }

    private async Task SeekSourcesAsync(PartFile part, CancellationToken cancellationToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var recorded = Environment.TickCount64;
        var recording = Task.CompletedTask;
        var lookUpAt = Environment.TickCount64;
        // Of two that start together, at least the one that is announced later sees the other when it looks then.
        var announced = _content.PieceCount > 1 ? server.AnnouncedAsync(stopping.Token) : Task.CompletedTask;
        var lookUpInterval = FirstLookUpInterval;
        var lookingUp = Task.CompletedTask;
        var hadSource = Environment.TickCount64;
        try
        {
            while (true)
            {
                var now = Environment.TickCount64;
                if (lookingUp.IsCompleted && (now >= lookUpAt || announced.IsCompletedSuccessfully))
                {
                    announced = Task.FromCanceled(new CancellationToken(true));
                    lookingUp = LookUpAsync(stopping.Token);
                    lookUpAt = now + (long)lookUpInterval.TotalMilliseconds;
                    lookUpInterval = lookUpInterval * 2 < LastLookUpInterval ? lookUpInterval * 2 : LastLookUpInterval;
                }

                await Task.WhenAny(announced.IsCompleted ? _done.Task : Task.WhenAny(_done.Task, announced), Task.Delay(Tick, stopping.Token)).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
                if (_done.Task.IsCompleted)
                {
                    await _done.Task.ConfigureAwait(false);
                    return;
                }

                now = Environment.TickCount64;
                var hasSource = HasUsefulSource();
                _clock.HasSources(hasSource);
                if (hasSource)
                {
                    hadSource = now;
                }
                else if (now - hadSource >= server.SourceTimeout.TotalMilliseconds)
                {
                    throw NoSource();
                }
                else
                {
                    lookUpAt = Math.Min(lookUpAt, now + (long)LookUpIntervalWithoutSources.TotalMilliseconds);
                }

                DropStalled();
                AskAll();
                if (recording.IsCompleted && now - recorded >= RecordInterval.TotalMilliseconds)
                {
                    recorded = now;
                    await recording.ConfigureAwait(false);
                    recording = Task.Run(() => Record(part), CancellationToken.None);
                }
            }
        }
        finally
        {
            await stopping.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(lookingUp, recording).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).ConfigureAwait(false);
        }
    }

    private void Record(PartFile part)
    {
        var recording = DownloadTimings.Now;
        part.Record();
        _clock.AddDisk(recording);
        recorded(part.BytesVerified);
    }

    private void RecordQuietly(PartFile part)
    {
        try
        {
            Record(part);
        }
        catch (Exception e) when (e is P2PShareException or ObjectDisposedException)
        {
            server.Trace($"What was verified of '{request.Name}' could not be recorded: {e.Message}");
        }
    }
}
