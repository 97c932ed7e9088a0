using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.State;
using P2PShare.Transfer.Tracker;

namespace P2PShare.Transfer.Peers;

/// <summary>
/// One peer: listens, offers what its user shares and what it has received, announces it at the tracker, and downloads.
/// Everything that a session does with other peers goes through one of these. Safe for concurrent use.
/// </summary>
public sealed class PeerServer : IAsyncDisposable
{
    private const int MaxConnections = 2048;
    private const int MaxHandshakes = 64;
    private static readonly int MaxBulkConnections = 2 * Environment.ProcessorCount;

    private static readonly TimeSpan Maintenance = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan DeadAfter = TimeSpan.FromSeconds(150);
    private static readonly TimeSpan UnusedAfter = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);

    private readonly StateFolder _state;
    private readonly PeerIdentity _identity;
    private readonly Socket _listener;
    private readonly ShareCatalog _shares;
    private readonly DownloadCatalog _downloadCatalog;
    private readonly Announcer _announcer;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _handshakes = new(MaxHandshakes);
    private readonly ConcurrentDictionary<PeerConnection, Task> _connections = new();
    private readonly ConcurrentDictionary<Hash256, Lazy<Task<PeerConnection>>> _dials = new();
    private readonly ConcurrentDictionary<OfferedContent, DownloadRun> _runs = new();
    private readonly EndedAccesses _ended = new(TimeProvider.System);
    private readonly Dictionary<Hash256, OfferedContent> _offered = [];
    private readonly List<Download> _downloads = [];
    private readonly Dictionary<string, Download> _latest = [];
    private readonly Lock _lock = new();
    private readonly TicketChecker _tickets;
    private Task _loops = Task.CompletedTask;
    private Task? _stopped;
    private long _bytesUploaded;
    private long _bytesDownloaded;

    private PeerServer(
        TrackerClient tracker, StateFolder state, PeerServerOptions options, PeerIdentity identity, Socket listener, TicketValidator tickets)
    {
        Tracker = tracker;
        _state = state;
        _identity = identity;
        _listener = listener;
        _tickets = new TicketChecker(
            tickets,
            async () => await ReadTicketKeysAsync(tracker, options.Clock, _stopping.Token).ConfigureAwait(false),
            options.Clock);
        _shares = new ShareCatalog(state, tracker);
        _downloadCatalog = new DownloadCatalog(state, tracker);
        Sources = new SourceFinder(tracker, identity.Fingerprint, identity.CertificateHash);
        Warned += options.Warned;
        SourceTimeout = options.SourceTimeout;
        StallTimeout = options.StallTimeout;
        Clock = options.Clock;
        UploadLimit = options.UploadLimit;
        DownloadLimit = options.DownloadLimit;
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        Instruments = new Instruments(this);
        _announcer = new Announcer(tracker, identity.Fingerprint, Port, HoldingRejected, AccessEnded, message => Warn(
            $"The tracker could not be told what is shared here; it is tried again. {message}"));
    }

    /// <summary>Raised, on any thread, when a peer has stopped fetching a content.</summary>
    public event Action<UploadRecord>? UploadFinished;

    /// <summary>Raised, on any thread, with a sentence for a person: a shared file changed, the tracker is away, …</summary>
    public event Action<string>? Warned;

    /// <summary>Raised, on any thread, with a sentence for who looks for the cause of something: a peer was refused, banned, …</summary>
    public event Action<string>? Traced;

    /// <summary>TCP port it listens on.</summary>
    public int Port { get; }

    /// <summary>Of its certificate.</summary>
    public Hash256 Fingerprint => _identity.Fingerprint;

    /// <summary>Most bytes a second that all uploads together send; null: no limit. Takes effect at once.</summary>
    public long? UploadLimit
    {
        get => UploadLimiter.Limit;
        set => UploadLimiter.Limit = value;
    }

    /// <summary>Most bytes a second that all downloads together take; null: no limit. Takes effect at once.</summary>
    public long? DownloadLimit
    {
        get => DownloadLimiter.Limit;
        set => DownloadLimiter.Limit = value;
    }

    /// <summary>Ends when the server was stopped, and throws <see cref="P2PShareException"/> when it cannot go on listening.</summary>
    public Task Completion => _completion.Task;

    private TrackerClient Tracker { get; }

    internal SourceFinder Sources { get; }

    internal Instruments Instruments { get; }

    internal int ActiveDownloads => GetDownloads().Count(download => download.State == DownloadState.Running);

    internal int ConnectedSources => _runs.Values.Sum(run => run.Progress.Sources);

    internal double DownloadRate => _runs.Values.Sum(run => run.Progress.BytesPerSecond);

    internal int WaitingBlocks => _connections.Keys.Sum(connection => connection.WaitingBlocks);

    internal TimeSpan SourceTimeout { get; }

    internal TimeSpan StallTimeout { get; }

    /// <summary>Bytes a second above which a source is fetched from over bulk connections; chosen by measurement.</summary>
    internal double BulkAbove { get; set; } = 64 * 1024 * 1024;

    internal PieceBudget PieceBudget { get; } = new(128 * 1024 * 1024);

    /// <summary>
    /// Taken to make a file or give it its name. A folder does one of these at a time; whoever does it meanwhile waits in the
    /// kernel, burning a core.
    /// </summary>
    internal SemaphoreSlim FolderGate { get; } = new(1);

    internal IEnumerable<PeerConnection> Connections => _connections.Keys;

    internal TimeProvider Clock { get; }

    internal RateLimiter UploadLimiter { get; } = new(TimeProvider.System);

    internal RateLimiter DownloadLimiter { get; } = new(TimeProvider.System);

    /// <summary>Starts listening, offers again what this user shared before and is still the same, and announces it.</summary>
    /// <param name="tracker">Logged in.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.PortInUse"/>, <see cref="ErrorCode.PeerServerFailed"/> or the tracker's.</exception>
    public static async Task<PeerServer> StartAsync(
        TrackerClient tracker, StateFolder state, PeerServerOptions options, CancellationToken cancellationToken)
    {
        var tickets = await ReadTicketKeysAsync(tracker, options.Clock, cancellationToken).ConfigureAwait(false);
        var listener = Listen(options);
        PeerIdentity? identity = null;
        PeerServer? server = null;
        try
        {
            identity = PeerIdentity.Acquire(state);
            server = new PeerServer(tracker, state, options, identity, listener, tickets);
            server.OfferAgain();
            server.LoadDownloads();
            await server._announcer.AnnounceAsync(cancellationToken).ConfigureAwait(false);
            server._loops = Task.WhenAll(
                server.AcceptAsync(), server.MaintainAsync(), server._announcer.RunAsync(server._stopping.Token));
            return server;
        }
        catch (Exception e)
        {
            listener.Dispose();
            identity?.Dispose();
            server?._announcer.Dispose();
            server?.Instruments.Dispose();
            if (e is IOException or UnauthorizedAccessException)
            {
                throw new P2PShareException(
                    ErrorCode.StateFolderUnusable, $"The peer's certificate cannot be kept in '{state.Path}': {e.Message}", e);
            }

            throw;
        }
    }

    public PeerServerStatus GetStatus()
    {
        lock (_lock)
        {
            return new PeerServerStatus(
                _connections.Count,
                _connections.Keys.Sum(connection => connection.Channels.Count(channel =>
                    channel.BytesUploaded > 0 && channel.RemoteHas is { IsComplete: false })),
                _offered.Values.Sum(offered => offered.Names.Count),
                Interlocked.Read(ref _bytesUploaded),
                Interlocked.Read(ref _bytesDownloaded));
        }
    }

    /// <summary>Shares a hashed file under a name with a group, and offers it from now on.</summary>
    /// <param name="replace">Whether a different content that this user shared under the name gives way.</param>
    public async Task<FileResponse> ShareAsync(
        HashedFile file, string group, string name, bool replace, CancellationToken cancellationToken)
    {
        FileName.Check(name);
        var content = file.Content;
        var response = await Tracker.ShareFileAsync(
            group, new ShareFileRequest(name, content.Size, content.PieceLength, content.PiecesRoot, replace), cancellationToken).ConfigureAwait(false);
        try
        {
            await _shares.AddAsync(file, response.Group, name, received: false).ConfigureAwait(false);
        }
        catch (Microsoft.Data.Sqlite.SqliteException e)
        {
            throw new P2PShareException(
                ErrorCode.StateFolderUnusable, $"'{name}' is shared, but '{_state.Path}' could not keep it for the next shell: {e.Message}", e);
        }

        if (content.Size > 0)
        {
            Offer(new SharedContent(file), response.Group, name);
            await _announcer.FlushAsync(cancellationToken).ConfigureAwait(false);
            // The answer was made before this peer was announced.
            return response with { Sources = Math.Max(1, response.Sources) };
        }

        return response;
    }

    /// <summary>Stops sharing a name in a group.</summary>
    public async Task StopShareAsync(string group, string name, CancellationToken cancellationToken)
    {
        await _shares.StopShareAsync(group, name, cancellationToken).ConfigureAwait(false);
        OfferedContent[] withdrawn;
        lock (_lock)
        {
            withdrawn = [.. _offered.Values.Where(offered => offered.NameIn(group) == name)];
        }

        foreach (var offered in withdrawn)
        {
            Withdraw(offered, group);
        }
    }

    /// <summary>
    /// Starts a download, or finds the one that is running into the same destination. A file that is there already is left
    /// alone unless the request overwrites; an unfinished part of the same content is gone on from.
    /// </summary>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.DestinationExists"/> or <see cref="ErrorCode.DestinationInUse"/>; what shows later is thrown by <see cref="Download.Completion"/>.
    /// </exception>
    public Download StartDownload(DownloadRequest request)
    {
        if (Directory.Exists(request.Destination))
        {
            throw new P2PShareException(
                ErrorCode.DestinationInvalid, $"'{request.Destination}' is a folder. Remove it or choose another destination.");
        }

        if (!request.Overwrite && File.Exists(request.Destination))
        {
            throw PartFile.Exists(request.Destination);
        }

        lock (_lock)
        {
            var same = _latest.GetValueOrDefault(request.Destination);
            if (same?.State == DownloadState.Complete)
            {
                same = null;
            }

            if (same is not null && same.Request.Content == request.Content && same.Request.Group == request.Group
                && same.Request.Overwrite == request.Overwrite)
            {
                same.Resume();
                return same;
            }

            if (same is { State: DownloadState.Running })
            {
                throw new P2PShareException(
                    ErrorCode.DestinationInUse,
                    $"Another download into '{request.Destination}' is running. Wait for it, stop it with Stop-P2PDownload, or choose another destination.");
            }

            // An unfinished download of something else into the same place is of no use any more.
            if (same is not null)
            {
                _downloads.Remove(same);
                Keep(_downloadCatalog.RemoveAsync(same.Id));
            }

            var entry = new SavedDownload(Guid.NewGuid(), request, DownloadState.Running, null, 0, DateTimeOffset.UtcNow);
            Keep(_downloadCatalog.AddAsync(entry.Id, request, entry.Created));
            var download = new Download(this, _downloadCatalog, entry);
            _downloads.Add(download);
            _latest[request.Destination] = download;
            download.Start();
            return download;
        }
    }

    /// <summary>Every download of this user at this tracker, those of earlier shells included, the oldest first.</summary>
    public IReadOnlyList<Download> GetDownloads()
    {
        lock (_lock)
        {
            return [.. _downloads];
        }
    }

    /// <summary>The download that was saved under this id: one that runs or ran here, else taken over from the shell that left it.</summary>
    public Download GetDownload(SavedDownload saved)
    {
        lock (_lock)
        {
            var known = _downloads.Find(download => download.Id == saved.Id);
            if (known is { HasRun: true })
            {
                return known;
            }

            // What was loaded at the start may be out of date: another shell ran it since.
            _downloads.RemoveAll(download => download.Id == saved.Id);
            return Load(saved);
        }
    }

    /// <summary>Stops a download, forgets it, and deletes its part file; a finished file stays.</summary>
    /// <exception cref="P2PShareException">As <see cref="DownloadCatalog.RemoveAsync(SavedDownload)"/>.</exception>
    public async Task RemoveDownloadAsync(Download download)
    {
        await download.StopAsync().ConfigureAwait(false);
        await _downloadCatalog.RemoveAsync(new SavedDownload(
            download.Id, download.Request, download.State, null, 0, download.Created)).ConfigureAwait(false);
        lock (_lock)
        {
            _downloads.Remove(download);
            if (_latest.GetValueOrDefault(download.Request.Destination) == download)
            {
                _latest.Remove(download.Request.Destination);
            }
        }
    }

    /// <summary>Stops listening, unregisters at the tracker, lets running uploads finish for at most <paramref name="grace"/>, suspends downloads.</summary>
    public Task StopAsync(TimeSpan grace)
    {
        lock (_lock)
        {
            return _stopped ??= StopCoreAsync(grace);
        }
    }

    public ValueTask DisposeAsync() => new(StopAsync(TimeSpan.Zero));

    internal void Report(UploadRecord upload) => UploadFinished?.Invoke(upload);

    /// <summary>Ends when the tracker knows all that is offered by now.</summary>
    internal Task AnnouncedAsync(CancellationToken cancellationToken) => _announcer.FlushAsync(cancellationToken);

    internal void Warn(string sentence) => Warned?.Invoke(sentence);

    /// <summary>Lets a write to the state folder end by itself; where it fails, a person is told.</summary>
    internal async void Keep(Task write)
    {
        try
        {
            await write.ConfigureAwait(false);
        }
        catch (Microsoft.Data.Sqlite.SqliteException e)
        {
            Warn($"The state folder could not be written, and the next shell will not know of this: {e.Message}");
        }
    }

    internal void Trace(string sentence) => Traced?.Invoke(sentence);

    internal void CountUpload(int bytes)
    {
        Interlocked.Add(ref _bytesUploaded, bytes);
        Instruments.Uploaded(bytes);
    }

    /// <param name="writing">When writing the piece began, in <see cref="DownloadClock.Now"/>.</param>
    internal void CountDownload(int bytes, long writing)
    {
        Interlocked.Add(ref _bytesDownloaded, bytes);
        Instruments.PieceVerified(bytes, writing);
    }

    internal OfferedContent? FindOffered(Hash256 root, string group)
    {
        lock (_lock)
        {
            return _offered.TryGetValue(root, out var offered) && offered.IsOfferedIn(group) ? offered : null;
        }
    }

    internal DownloadRun? FindRun(OfferedContent offered) => _runs.GetValueOrDefault(offered);

    internal void AddRun(OfferedContent offered, DownloadRun run) => _runs[offered] = run;

    internal void RemoveRun(OfferedContent offered, DownloadRun run) => _runs.TryRemove(new KeyValuePair<OfferedContent, DownloadRun>(offered, run));

    /// <summary>Offers a content in a group. A whole file takes the place of a part, and of another whole file.</summary>
    internal OfferedContent Offer(IContent content, string group, string name)
    {
        OfferedContent offered;
        bool isComplete;
        lock (_lock)
        {
            var root = content.Description.PiecesRoot!.Value;
            if (!_offered.TryGetValue(root, out offered!))
            {
                offered = _offered[root] = new OfferedContent(content);
            }
            else if (content is SharedContent)
            {
                offered.Swap(before =>
                {
                    (before as SharedContent)?.Dispose();
                    return content;
                });
            }

            offered.OfferIn(group, name);
            isComplete = offered.GetHave().IsComplete;
        }

        // Of a single piece nothing can be had before it is whole.
        if (isComplete || content.Description.PieceCount > 1)
        {
            _announcer.Hold(group, offered.PiecesRoot, isComplete);
        }

        return offered;
    }

    /// <summary>Withdraws a part whose download ended; nothing where something whole has taken its place.</summary>
    internal void Withdraw(OfferedContent offered, PartFile part, string group)
    {
        if (offered.IsBacked(part))
        {
            Withdraw(offered, group);
        }
    }

    /// <summary>Gives a whole part its name and goes on offering it from there.</summary>
    /// <exception cref="P2PShareException">DestinationExists, DiskFull or PathUnwritable.</exception>
    internal void Finish(OfferedContent offered, PartFile part, DownloadRequest request)
    {
        if (!offered.IsBacked(part))
        {
            part.Finish(request.Destination, request.Overwrite);
            return;
        }

        HashedFile? file = null;
        offered.Swap(_ =>
        {
            part.Finish(request.Destination, request.Overwrite);
            file = new HashedFile(
                request.Destination, new DateTimeOffset(File.GetLastWriteTimeUtc(request.Destination), TimeSpan.Zero), request.Content, part.PieceLayer);
            return new SharedContent(file);
        });
        foreach (var (group, name) in offered.Names)
        {
            _announcer.Hold(group, offered.PiecesRoot, isComplete: true);
            Keep(_shares.AddAsync(file!, group, name, received: true));
        }
    }

    /// <summary>A content turned out to be gone or changed: it is offered no longer.</summary>
    internal void ContentUnreadable(OfferedContent offered, Exception problem)
    {
        // A part that was just closed: its download says what there is to say.
        if (problem is P2PShareException)
        {
            Warn($"{string.Join(", ", offered.Names.Select(name => $"'{name.Value}' is not offered to group '{name.Key}' any more"))}: {problem.Message}");
        }

        foreach (var (group, _) in offered.Names)
        {
            Withdraw(offered, group);
        }
    }

    /// <summary>Whether the tracker has said that the holder's access ended after the ticket was issued.</summary>
    internal bool IsEnded(Ticket ticket) => _ended.IsEnded(ticket);

    internal async ValueTask<(Ticket? Ticket, string? Problem)> ValidateTicketAsync(string token, Hash256 certificateHash)
    {
        var (ticket, problem) = await _tickets.ValidateAsync(token, certificateHash).ConfigureAwait(false);
        return ticket is not null && IsEnded(ticket)
            ? (null, $"The access of '{ticket.UserName}' to '{ticket.Group}' has ended since.")
            : (ticket, problem);
    }

    private static async Task<TicketValidator> ReadTicketKeysAsync(TrackerClient tracker, TimeProvider clock, CancellationToken cancellationToken) =>
        new(tracker.TrackerId, await tracker.GetTicketKeysAsync(cancellationToken).ConfigureAwait(false), clock);

    /// <summary>A connection to a peer: the one there is, or a new one.</summary>
    /// <exception cref="IOException">It cannot be reached, or is not the peer that the tracker named.</exception>
    internal async Task<PeerConnection> ConnectAsync(SourcePeer peer, CancellationToken cancellationToken)
    {
        if (FindConnection(peer.Fingerprint) is { } existing)
        {
            existing.RemoteUserName = peer.UserName;
            return existing;
        }

        var dial = _dials.GetOrAdd(peer.Fingerprint, _ => new Lazy<Task<PeerConnection>>(() => DialAsync(peer)));
        try
        {
            return await dial.Value.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _dials.TryRemove(new KeyValuePair<Hash256, Lazy<Task<PeerConnection>>>(peer.Fingerprint, dial));
        }
    }

    /// <summary>The connection to a peer that is not for bulk; null where there is none.</summary>
    internal PeerConnection? FindConnection(Hash256 fingerprint) =>
        _connections.Keys.FirstOrDefault(connection => connection.RemoteFingerprint == fingerprint && connection is { IsEnding: false, IsBulk: false });

    private static Socket Listen(PeerServerOptions options)
    {
        var address = options.Address ?? (Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any);
        var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Equals(IPAddress.IPv6Any))
            {
                listener.DualMode = true;
            }

            listener.Bind(new IPEndPoint(address, options.Port));
            listener.Listen(512);
            return listener;
        }
        catch (SocketException e)
        {
            listener.Dispose();
            throw e.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? new P2PShareException(ErrorCode.PortInUse, $"Port {options.Port} is in use by another program. Choose another port, or 0 for any free one.", e)
                : new P2PShareException(ErrorCode.PeerServerFailed, $"The peer server cannot listen on {address} port {options.Port}: {e.Message}", e);
        }
    }

    private void OfferAgain()
    {
        foreach (var share in _shares.GetAll().Where(share => share.File.Content.Size > 0))
        {
            var content = new SharedContent(share.File);
            try
            {
                content.Check();
                Offer(content, share.Group, share.Name);
            }
            catch (P2PShareException) when (share.Received)
            {
                // What was received belongs to the person, who may do with it as they like.
                Keep(_shares.RemoveAsync(share.Group, share.Name));
            }
            catch (P2PShareException e)
            {
                Warn($"'{share.Name}' is not offered to group '{share.Group}': {e.Message}");
            }
        }
    }

    private void LoadDownloads()
    {
        foreach (var saved in _downloadCatalog.GetAll())
        {
            Load(saved);
        }
    }

    private Download Load(SavedDownload saved)
    {
        // The shell that ran it is gone, or another holds its part file: either way it does not run here.
        var state = saved.State == DownloadState.Running ? DownloadState.Suspended : saved.State;
        var download = new Download(this, _downloadCatalog, saved with { State = state });
        _downloads.Add(download);
        _latest[saved.Request.Destination] = download;
        return download;
    }

    private void Withdraw(OfferedContent offered, string group)
    {
        offered.Withdraw(group);
        _announcer.Withdraw(group, offered.PiecesRoot);
        lock (_lock)
        {
            if (offered.Names.Count == 0 && _offered.GetValueOrDefault(offered.PiecesRoot) == offered)
            {
                _offered.Remove(offered.PiecesRoot);
            }
        }

        foreach (var channel in offered.Channels.Where(channel => channel.Group == group))
        {
            channel.Connection.Close(channel, CloseReason.NotOffered);
        }
    }

    private void HoldingRejected(Holding holding)
    {
        OfferedContent? offered;
        lock (_lock)
        {
            offered = _offered.GetValueOrDefault(holding.PiecesRoot);
        }

        if (offered?.NameIn(holding.Group) is { } name)
        {
            Warn($"'{name}' is no file of group '{holding.Group}' any more, or you are no member of it: it is not offered there any longer.");
            Keep(_shares.RemoveAsync(holding.Group, name));
            Withdraw(offered, holding.Group);
        }
    }

    /// <returns>Whether it is this user's own access, and news.</returns>
    private bool AccessEnded(IReadOnlyList<EndedAccess> ended)
    {
        var added = _ended.Add(ended);
        if (added.Count == 0)
        {
            return false;
        }

        foreach (var connection in _connections.Keys)
        {
            connection.CloseUnentitled(Clock.GetUtcNow());
            connection.CloseOwn(added);
        }

        return added.Any(one => AccountName.Key(one.UserName) == AccountName.Key(Tracker.UserName));
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                await _handshakes.WaitAsync(_stopping.Token).ConfigureAwait(false);
                var socket = await _listener.AcceptAsync(_stopping.Token).ConfigureAwait(false);
                if (_connections.Count >= MaxConnections)
                {
                    Instruments.Refused("full");
                    socket.Dispose();
                    _handshakes.Release();
                    continue;
                }

                _ = GreetAsync(socket);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            if (!_stopping.IsCancellationRequested)
            {
                _completion.TrySetException(new P2PShareException(ErrorCode.PeerServerFailed, $"The peer server cannot go on listening: {e.Message}", e));
            }
        }
    }

    private async Task GreetAsync(Socket socket)
    {
        try
        {
            socket.NoDelay = true;
            var endPoint = (IPEndPoint)socket.RemoteEndPoint!;
            var stream = await PeerTls.AcceptAsync(_identity, socket, _stopping.Token).ConfigureAwait(false);
            Run(stream, endPoint, isDialled: false);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            Instruments.Refused("handshake");
            Trace($"A connection was dropped during its handshake: {e.Message}");
        }
        finally
        {
            _handshakes.Release();
        }
    }

    /// <summary>One more connection to a peer that was dialled before, with a thread of its own to read from it.</summary>
    /// <returns>Null where there are as many already as this machine has a use for.</returns>
    /// <exception cref="IOException">It cannot be reached any more, or is another peer now.</exception>
    internal async Task<PeerConnection?> DialBulkAsync(PeerConnection first)
    {
        if (_connections.Keys.Count(connection => connection.IsBulk) >= MaxBulkConnections)
        {
            return null;
        }

        var stream = await Task.Factory.StartNew(
            () => PeerTls.DialBlocking(_identity, first.RemoteFingerprint, first.RemoteEndPoint, _stopping.Token),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        var connection = Run(stream, first.RemoteEndPoint, isDialled: true, isBulk: true);
        connection.RemoteUserName = first.RemoteUserName;
        return connection;
    }

    /// <summary>A new connection to a peer, whether there is one or not.</summary>
    /// <exception cref="IOException">It cannot be reached, or is not the peer that the tracker named.</exception>
    internal async Task<PeerConnection> DialAsync(SourcePeer peer)
    {
        using var activity = Instruments.StartDial(peer.Fingerprint);
        try
        {
            var (stream, endPoint) = await PeerTls.DialAsync(_identity, peer.Fingerprint, peer.EndPoints, _stopping.Token).ConfigureAwait(false);
            activity?.SetTag("network.peer.address", endPoint.Address.ToString()).SetTag("network.peer.port", endPoint.Port);
            var connection = Run(stream, endPoint, isDialled: true);
            connection.RemoteUserName = peer.UserName;
            return connection;
        }
        catch (Exception e)
        {
            activity?.SetTag("error.type", e.GetType().FullName).SetStatus(ActivityStatusCode.Error);
            throw;
        }
    }

    private PeerConnection Run(SslStream stream, IPEndPoint endPoint, bool isDialled, bool isBulk = false)
    {
        var address = endPoint.Address.IsIPv4MappedToIPv6 ? endPoint.Address.MapToIPv4() : endPoint.Address;
        var connection = new PeerConnection(this, stream, new IPEndPoint(address, endPoint.Port), isDialled, isBulk);
        Instruments.Connected(isDialled);
        var started = new TaskCompletionSource();
        _connections[connection] = RunAsync();
        started.SetResult();
        CloseDuplicate(connection);
        return connection;

        async Task RunAsync()
        {
            await started.Task.ConfigureAwait(false);
            await connection.RunAsync().ConfigureAwait(false);
            _connections.TryRemove(connection, out _);
        }
    }

    // Of two peers that dialled each other both keep the connection that the one with the lesser fingerprint dialled.
    private void CloseDuplicate(PeerConnection connection)
    {
        var twin = _connections.Keys.FirstOrDefault(other => other.RemoteFingerprint == connection.RemoteFingerprint
            && other.IsDialled != connection.IsDialled && !other.IsEnding && !other.IsBulk);
        if (twin is not null && !connection.IsBulk)
        {
            var keepsDialled = string.CompareOrdinal(Fingerprint.ToString(), connection.RemoteFingerprint.ToString()) < 0;
            (connection.IsDialled == keepsDialled ? twin : connection).Close(CloseReason.Duplicate);
        }
    }

    private async Task MaintainAsync()
    {
        using var timer = new PeriodicTimer(Maintenance);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false))
            {
                foreach (var connection in _connections.Keys)
                {
                    Maintain(connection);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private void Maintain(PeerConnection connection)
    {
        var idle = connection.IdleMilliseconds;
        var isUnused = !connection.Channels.Any() && idle > UnusedAfter.TotalMilliseconds;
        if (idle > DeadAfter.TotalMilliseconds || isUnused)
        {
            connection.Dispose();
            return;
        }

        connection.CloseUnentitled(Clock.GetUtcNow());
        if (idle > KeepAlive.TotalMilliseconds)
        {
            connection.SendKeepAlive();
        }
    }

    // Until nobody asks any more, or those who have not got all yet have been quiet for a while.
    private async Task UploadsEndAsync(TimeSpan grace)
    {
        var now = Environment.TickCount64;
        var deadline = now + (long)grace.TotalMilliseconds;
        var sent = GetStatus().BytesUploaded;
        for (var active = now; now < deadline && (WaitingBlocks > 0 || (GetStatus().ActiveUploads > 0 && now - active < Quiet.TotalMilliseconds)); now = Environment.TickCount64)
        {
            await Task.Delay(100).ConfigureAwait(false);
            if (GetStatus().BytesUploaded is var sentNow && sentNow != sent)
            {
                (active, sent) = (Environment.TickCount64, sentNow);
            }
        }
    }

    private async Task StopCoreAsync(TimeSpan grace)
    {
        // Off the caller's thread and out of its lock.
        await Task.Yield();
        await Task.WhenAll(GetDownloads().Select(download => download.SuspendAsync())).ConfigureAwait(false);
        _listener.Dispose();
        using (var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(5)))
        {
            try
            {
                await Tracker.UnregisterPeerAsync(Fingerprint, timeout.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is P2PShareException or OperationCanceledException or ObjectDisposedException)
            {
                Trace($"The tracker was not told that this peer stops; it will notice. {e.Message}");
            }
        }

        await UploadsEndAsync(grace).ConfigureAwait(false);

        await _stopping.CancelAsync().ConfigureAwait(false);
        foreach (var connection in _connections.Keys)
        {
            connection.Close(CloseReason.ShuttingDown);
        }

        await Task.WhenAny(Task.WhenAll(_connections.Values), Task.Delay(TimeSpan.FromSeconds(2))).ConfigureAwait(false);
        foreach (var connection in _connections.Keys)
        {
            connection.Dispose();
        }

        await Task.WhenAll(_connections.Values).ConfigureAwait(false);
        await _loops.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).ConfigureAwait(false);
        lock (_lock)
        {
            foreach (var offered in _offered.Values)
            {
                offered.Dispose();
            }

            _offered.Clear();
        }

        await _state.Database.FlushAsync().ConfigureAwait(false);
        _announcer.Dispose();
        _identity.Dispose();
        Instruments.Dispose();
        _completion.TrySetResult();
    }
}
