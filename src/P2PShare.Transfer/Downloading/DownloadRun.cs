using System.Collections.Concurrent;
using System.Diagnostics;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Peers;
using P2PShare.Transfer.Sharing;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// One stretch of a download, from its start or resume until it is complete, fails or is put on hold: finds sources,
/// asks them, verifies what comes, and offers it to others at once.
/// </summary>
/// <param name="recorded">Told, every few seconds, how many bytes are verified.</param>
internal sealed class DownloadRun(PeerServer server, DownloadRequest request, RateLimiter limiter, Action<long> recorded) : IDisposable
{
    private const int MaxSources = 16;

    // Where a source is fast, waiting costs more than working: it is asked over connections of which each has a thread that
    // reads, decrypts, hashes and writes what comes over it. More than two gained nothing.
    private const int BulkConnections = 2;
    private const long BulkAfter = 8 * 1024 * 1024;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RecordInterval = TimeSpan.FromSeconds(5);
    // Peers that start together do not see each other at once: asked soon again, then less and less often.
    private static readonly TimeSpan FirstLookUpInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LastLookUpInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookUpIntervalWithoutSources = TimeSpan.FromSeconds(2);
    // A part of 256 KiB that takes longer holds up its piece, and is worth asking another for where there is one.
    private static readonly TimeSpan MostForOnePart = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RotationInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LastBackoff = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<DownloadSource, bool> _sources = new();
    private readonly ConcurrentDictionary<Hash256, bool> _banned = new();
    private readonly ConcurrentDictionary<Hash256, Attempts> _attempts = new();
    private readonly SpeedMeter _speed = new(TimeProvider.System);
    private readonly DownloadClock _clock = new();
    private readonly ConcurrentDictionary<Hash256, bool> _bulk = new();
    private readonly PieceLayerFetch _layer = new(request.Content);
    private readonly ContentDescription _content = request.Content;
    private PartFile? _part;
    private OfferedContent? _offered;
    private HaveBatch? _haves;
    private RequestScheduler? _scheduler;
    private SourceFinder.Sources? _lastLookUp;
    private string? _lastProblem;
    private int _peersKnown;
    private long _rotated = Stopwatch.GetTimestamp();
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
    public RateLimiter Limiter => limiter;

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

            var restoring = DownloadClock.Now;
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

            var finishing = DownloadClock.Now;
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

    /// <summary>Takes a channel as a source.</summary>
    public void Attach(ContentChannel channel)
    {
        if (_banned.ContainsKey(channel.Connection.RemoteFingerprint))
        {
            return;
        }

        var source = new DownloadSource(channel);
        lock (_sources)
        {
            if (_sources.Keys.Any(other => other.Channel == channel))
            {
                return;
            }

            _sources[source] = true;
        }

        if (channel.SetFetch(this, source) is { } has)
        {
            ReceiveBitfield(source, has);
        }

        // It may have been dropped since it was found, and then nobody else would tell.
        if (channel.Connection.IsClosed)
        {
            Lost(source);
        }
    }

    public void ReceiveBitfield(DownloadSource source, Bitfield has)
    {
        _scheduler!.Join(source, has);
        _attempts.TryRemove(source.Fingerprint, out _);
        Ask(source);
    }

    public void ReceiveHaves(DownloadSource source, int[] pieces)
    {
        _scheduler!.AddHaves(source, pieces);
        Ask(source);
    }

    public void Rejected(DownloadSource source, BlockRange range)
    {
        _scheduler!.Rejected(source, range);
        AskAll();
    }

    /// <summary>The other side closed the channel.</summary>
    public void Refused(DownloadSource source, CloseReason reason)
    {
        _lastProblem = reason switch
        {
            CloseReason.NotOffered => $"{source.Channel.Connection.RemoteEndPoint} does not offer it any more",
            CloseReason.TicketRefused or CloseReason.TicketExpired => $"{source.Channel.Connection.RemoteEndPoint} refused the ticket",
            _ => $"{source.Channel.Connection.RemoteEndPoint} ended the transfer ({reason})",
        };
        Back(source.Fingerprint);
    }

    /// <summary>The channel or its connection is gone.</summary>
    public void Lost(DownloadSource source)
    {
        _sources.TryRemove(source, out _);
        _scheduler!.Leave(source);
        _layer.Lost(source);
        if (source.Channel.Connection.IsDuplicate && !_done.Task.IsCompleted && server.FindConnection(source.Fingerprint) is { } twin && _lastLookUp is { } lookUp)
        {
            // Both had dialled, and this was the connection too many.
            twin.SendHello(lookUp.Ticket);
            Attach(twin.Open(_offered!, request.Group));
        }

        if (source.Channel.Connection.IsBulk)
        {
            foreach (var other in _sources.Keys.Where(other => other.Fingerprint == source.Fingerprint))
            {
                other.IsSpare = false;
            }
        }

        if (!_done.Task.IsCompleted)
        {
            AskAll();
        }
    }

    public void ReceiveHashes(DownloadSource source, HashRange range, Hash256[] hashes)
    {
        switch (_layer.Receive(source, range, hashes))
        {
            case PieceLayerFetch.Result.Right:
                _ = AdoptHashesAsync();
                break;
            case PieceLayerFetch.Result.Wrong:
                Ban(source.Fingerprint, "it sent a wrong piece layer");
                AskAll();
                break;
            default:
                break;
        }
    }

    private async Task AdoptHashesAsync()
    {
        var part = _part!;
        try
        {
            part.SetPieceLayer(_layer.Hashes);
            if (part.HoldsUnrecorded)
            {
                await part.RestoreUnrecordedAsync(_ending.Token).ConfigureAwait(false);
                _scheduler!.AddVerified(part.GetHave());
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Reading is worth a try; what was not read is fetched.
            server.Trace($"What there was of '{request.Name}' was not used: {e.Message}");
        }

        _canVerify = true;
        if (part.GetHave().IsComplete)
        {
            _done.TrySetResult();
        }

        AskAll();
    }

    public void HashesRejected(DownloadSource source)
    {
        _layer.Rejected(source);
        AskAll();
    }

    public (ActivePiece Piece, ActivePiece.Part Part)? BeginReceive(DownloadSource source, PieceHeader header, int count) =>
        _scheduler!.BeginReceive(source, header.Piece, header.Begin, count);

    public void AbortReceive(ActivePiece piece, ActivePiece.Part part) => _scheduler!.AbortReceive(piece, part);

    /// <param name="since">When this side began to wait for the part, in <see cref="DownloadClock.Now"/>.</param>
    public void EndReceive(DownloadSource source, ActivePiece piece, ActivePiece.Part part, long since)
    {
        _clock.AddNetwork(Math.Max(since, source.AskedAt));
        var hashing = DownloadClock.Now;
        piece.HashPart(part);
        _clock.AddHashing(hashing);
        _speed.Add(part.Length);
        var (isWhole, losers) = _scheduler!.EndReceive(source, piece, part);
        foreach (var loser in losers)
        {
            loser.Channel.Connection.Cancel(new BlockRange(loser.Channel.Id, piece.Index, part.Begin, part.Length));
        }

        // Before verifying and writing: the other side works meanwhile.
        Ask(source);
        AddBulkConnections(source);
        if (isWhole)
        {
            Verify(piece);
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
        _scheduler = new RequestScheduler(_content, have, Random.Shared, server.PieceBudget);
        _haves = new HaveBatch(SendHaves);
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

    private async Task LookUpAsync(CancellationToken cancellationToken)
    {
        SourceFinder.Sources found;
        try
        {
            found = await server.Sources.FindAsync(request.Group, _content.PiecesRoot!.Value, cancellationToken).ConfigureAwait(false);
        }
        catch (P2PShareException e) when (e.Code is ErrorCode.NotMember or ErrorCode.GroupNotFound or ErrorCode.FileNotFound or ErrorCode.NotLoggedIn)
        {
            // Sources that are connected may go on for as long as their ticket lasts; without any it is over.
            _lastProblem = e.Message;
            if (!HasUsefulSource())
            {
                _done.TrySetException(e);
            }

            return;
        }
        catch (P2PShareException e)
        {
            _lastProblem = e.Message;
            return;
        }

        // Asked far more often than tickets last, so that every connection always has a fresh one.
        _lastLookUp = found;
        foreach (var connection in _sources.Keys.Where(source => source.Channel.UserName is null).Select(source => source.Channel.Connection).Distinct())
        {
            connection.SendHello(found.Ticket);
        }

        _peersKnown = found.Peers.Count;
        var others = found.Peers
            .Where(peer => peer.EndPoints.Count > 0 && peer.Fingerprint != server.Fingerprint && !_banned.ContainsKey(peer.Fingerprint)
                && _sources.Keys.All(source => source.Fingerprint != peer.Fingerprint)
                && (!_attempts.TryGetValue(peer.Fingerprint, out var attempts) || attempts.MayTry))
            .ToArray();
        Random.Shared.Shuffle(others);
        if (others.Length > 0 && _sources.Count >= MaxSources)
        {
            Rotate();
        }

        var wanted = others.Take(MaxSources - _sources.Count);
        await Task.WhenAll(wanted.Select(peer => ConnectAsync(peer, found.Ticket, cancellationToken))).ConfigureAwait(false);
    }

    // The slowest makes room for one that was not tried: whom the first look-up named is chance.
    private void Rotate()
    {
        if (Stopwatch.GetElapsedTime(_rotated) < RotationInterval)
        {
            return;
        }

        _rotated = Stopwatch.GetTimestamp();
        var slowest = _sources.Keys
            .Where(source => source.Channel.UserName is null && !source.Channel.Connection.IsBulk)
            .MinBy(source => source.Speed.BytesPerSecond);
        slowest?.Channel.Connection.Close(slowest.Channel, CloseReason.Done);
    }

    private async Task ConnectAsync(SourcePeer peer, string ticket, CancellationToken cancellationToken)
    {
        try
        {
            var connection = await server.ConnectAsync(peer, cancellationToken).ConfigureAwait(false);
            connection.SendHello(ticket);
            Attach(connection.Open(_offered!, request.Group));
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _lastProblem = e.Message;
            Back(peer.Fingerprint);
        }
    }

    private void AddBulkConnections(DownloadSource source)
    {
        if (source.Channel.Connection is { IsDialled: true, IsBulk: false } && !_bulk.ContainsKey(source.Fingerprint)
            && source.BytesReceived > BulkAfter && source.Speed.BytesPerSecond > server.BulkAbove && _bulk.TryAdd(source.Fingerprint, true))
        {
            for (var i = 0; i < BulkConnections; i++)
            {
                _ = AddBulkConnectionAsync(source);
            }
        }
    }

    private async Task AddBulkConnectionAsync(DownloadSource source)
    {
        try
        {
            var connection = await server.DialBulkAsync(source.Channel.Connection).ConfigureAwait(false);
            if (connection is null || _done.Task.IsCompleted || _lastLookUp is not { } lookUp)
            {
                connection?.Close(CloseReason.Done);
                return;
            }

            connection.SendHello(lookUp.Ticket);
            // First: where the new connection is lost at once, that takes it back.
            source.IsSpare = true;
            Attach(connection.Open(_offered!, request.Group));
        }
        catch (IOException e)
        {
            server.Trace($"No bulk connection to {source.Fingerprint}: {e.Message}");
        }
    }

    // Sends as many requests as the source may have; nothing while no piece could be verified yet.
    private void Ask(DownloadSource source)
    {
        if (!_canVerify)
        {
            if (_layer.TryStart(source, out var ranges))
            {
                foreach (var range in ranges)
                {
                    source.Channel.Connection.RequestHashes(range);
                }
            }

            return;
        }

        while (_scheduler!.TryNext(source, out var range))
        {
            _clock.HasSources(true);
            source.Channel.Connection.Request(range);
        }
    }

    private void AskAll()
    {
        foreach (var source in _sources.Keys)
        {
            Ask(source);
        }
    }

    private void Verify(ActivePiece piece)
    {
        if (piece.ComputeHash(_content) != _part!.PieceHash(piece.Index))
        {
            server.Instruments.HashFailed();
            foreach (var liar in _scheduler!.Failed(piece))
            {
                Ban(liar, "it sent a wrong piece");
            }

            AskAll();
            return;
        }

        var writing = DownloadClock.Now;
        try
        {
            _part.WritePiece(piece.Index, piece.Data);
            _clock.AddDisk(writing);
        }
        catch (P2PShareException e)
        {
            _done.TrySetException(e);
            return;
        }
        catch (ObjectDisposedException) when (_done.Task.IsCompleted)
        {
            // The download ended while this piece was on its way.
            return;
        }

        server.CountDownload(piece.Length, writing);
        var index = piece.Index;
        foreach (var liar in _scheduler!.Completed(piece))
        {
            Ban(liar, "it sent wrong blocks");
        }

        _haves!.Add(index);
        if (_part.BytesVerified == _content.Size)
        {
            _done.TrySetResult();
        }
    }

    private void SendHaves(int[] pieces)
    {
        foreach (var channel in _offered!.Channels)
        {
            channel.Connection.SendHaves(channel, pieces);
        }
    }

    private void Ban(Hash256 fingerprint, string why)
    {
        _banned[fingerprint] = true;
        _lastProblem = $"a peer was banned: {why}";
        server.Trace($"The peer {fingerprint} is not asked for '{request.Name}' any more: {why}.");
        foreach (var source in _sources.Keys.Where(source => source.Fingerprint == fingerprint))
        {
            source.Channel.Connection.Close(source.Channel, CloseReason.Done);
        }
    }

    private void Back(Hash256 fingerprint) => _attempts.AddOrUpdate(fingerprint, _ => new Attempts(1), (_, before) => new Attempts(before.Count + 1));

    private void DropStalled()
    {
        foreach (var source in _sources.Keys)
        {
            if (IsSilent(source) || IsTrickling(source) || _layer.IsStalled(source, server.StallTimeout / 2))
            {
                _lastProblem = $"{source.Channel.Connection.RemoteEndPoint} stopped sending";
                Back(source.Fingerprint);
                source.Channel.Connection.Dispose();
            }
        }
    }

    private bool IsSilent(DownloadSource source) =>
        source.Silence > (source.Patience < server.StallTimeout ? source.Patience : server.StallTimeout);

    private bool IsTrickling(DownloadSource source) =>
        source.Receiving is var (piece, since) && Stopwatch.GetElapsedTime(since) > MostForOnePart
            && _sources.Keys.Any(other => other.Fingerprint != source.Fingerprint && other.Has is { } has && has[piece]);

    private bool HasUsefulSource() => _sources.Keys.Any(source => (_canVerify || _layer.MayGive(source)) && _scheduler!.IsInteresting(source));

    private P2PShareException NoSource()
    {
        var why = _lastProblem is { } problem ? $" The last problem: {problem.TrimEnd('.')}." : "";
        var peers = _peersKnown == 0
            ? "No peer that has it is online"
            : $"None of the {_peersKnown} peers that the tracker knows could give what is missing";
        return new P2PShareException(
            ErrorCode.NoSourceOnline,
            $"'{request.Name}' of group '{request.Group}' could not be fetched. {peers}.{why} What was verified is kept: run the same command again when one is.");
    }

    private void Record(PartFile part)
    {
        var recording = DownloadClock.Now;
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

    /// <summary>How often a peer failed in a row, and when it may be tried again.</summary>
    private sealed class Attempts(int count)
    {
        private readonly long _next = Environment.TickCount64
            + (long)Math.Min(FirstBackoff.TotalMilliseconds * Math.Pow(2, count - 1), LastBackoff.TotalMilliseconds);

        public int Count { get; } = count;

        public bool MayTry => Environment.TickCount64 >= _next;
    }
}
