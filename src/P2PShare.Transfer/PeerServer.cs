using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using P2PShare.Protocol;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Transfer;

/// <summary>
/// One peer: listens, offers what its user shares and what it has received, announces it at the tracker, and downloads.
/// Everything that a session does with other peers goes through one of these. Safe for concurrent use.
/// </summary>
public sealed partial class PeerServer : IAsyncDisposable, IAnnounceHandler
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
    private readonly ShareStore _shares;
    private readonly DownloadStore _downloadCatalog;
    private readonly Announcer _announcer;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _handshakes = new(MaxHandshakes);
    private readonly ConcurrentDictionary<PeerConnection, Task> _connections = new();
    private readonly ConcurrentDictionary<Hash256, Lazy<Task<PeerConnection>>> _dials = new();
    private readonly ConcurrentDictionary<OfferedContent, DownloadSession> _runs = new();
    private readonly Revocations _ended = new(TimeProvider.System);
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
        TrackerSession tracker, StateFolder state, PeerServerOptions options, PeerIdentity identity, Socket listener, TicketValidator tickets)
    {
        Tracker = tracker;
        _state = state;
        _identity = identity;
        _listener = listener;
        _tickets = new TicketChecker(
            tickets,
            async () => await ReadTicketKeysAsync(tracker, options.Clock, _stopping.Token).ConfigureAwait(false),
            options.Clock);
        _shares = new ShareStore(state, tracker.Account, tracker.StopShareAsync);
        _downloadCatalog = new DownloadStore(state, tracker.Account);
        Sources = new SourceLocator(tracker, identity.Fingerprint, identity.CertificateHash);
        Warned += options.Warned;
        SourceTimeout = options.SourceTimeout;
        StallTimeout = options.StallTimeout;
        Clock = options.Clock;
        UploadLimit = options.UploadLimit;
        DownloadLimit = options.DownloadLimit;
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        TransferMetrics = new TransferMetrics(this);
        _announcer = new Announcer(tracker, identity.Fingerprint, Port, this, options.Clock, new SentenceLogger(LogLevel.Warning, Warn));
        tracker.Moved += _announcer.TrackerMoved;
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

    private TrackerSession Tracker { get; }

    internal SourceLocator Sources { get; }

    internal TransferMetrics TransferMetrics { get; }

    internal int ActiveDownloads => GetDownloads().Count(download => download.State == DownloadState.Running);

    internal int ConnectedSources => _runs.Values.Sum(run => run.Progress.Sources);

    internal double DownloadRate => _runs.Values.Sum(run => run.Progress.BytesPerSecond);

    internal int WaitingBlocks => _connections.Keys.Sum(connection => connection.WaitingBlocks);

    internal TimeSpan SourceTimeout { get; }

    internal TimeSpan StallTimeout { get; }

    /// <summary>Bytes a second above which a source is fetched from over bulk connections; chosen by measurement.</summary>
    internal double BulkAbove { get; set; } = 64 * 1024 * 1024;

    internal PieceMemoryBudget PieceMemoryBudget { get; } = new(128 * 1024 * 1024);

    /// <summary>
    /// Taken to make a file or give it its name. A folder does one of these at a time; whoever does it meanwhile waits in the
    /// kernel, burning a core.
    /// </summary>
    internal SemaphoreSlim FolderGate { get; } = new(1);

    internal IEnumerable<PeerConnection> Connections => _connections.Keys;

    internal TimeProvider Clock { get; }

    internal BandwidthLimiter UploadLimiter { get; } = new(TimeProvider.System);

    internal BandwidthLimiter DownloadLimiter { get; } = new(TimeProvider.System);

    /// <summary>Starts listening, offers again what this user shared before and is still the same, and announces it.</summary>
    /// <param name="tracker">Logged in.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.PortInUse"/>, <see cref="ErrorCode.PeerServerFailed"/> or the tracker's.</exception>
    public static async Task<PeerServer> StartAsync(
        TrackerSession tracker, StateFolder state, PeerServerOptions options, CancellationToken cancellationToken)
    {
        var tickets = await ReadTicketKeysAsync(tracker, options.Clock, cancellationToken).ConfigureAwait(false);
        var listener = Listen(options);
        PeerIdentity? identity = null;
        PeerServer? server = null;
        try
        {
            identity = PeerIdentity.Acquire(state, options.Clock);
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
            server?.DisposeAnnouncer();
            server?.TransferMetrics.Dispose();
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
        TransferMetrics.Uploaded(bytes);
    }

    /// <param name="writing">When writing the piece began, in <see cref="DownloadTimings.Now"/>.</param>
    internal void CountDownload(int bytes, long writing)
    {
        Interlocked.Add(ref _bytesDownloaded, bytes);
        TransferMetrics.PieceVerified(bytes, writing);
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

    private void DisposeAnnouncer()
    {
        Tracker.Moved -= _announcer.TrackerMoved;
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
        DisposeAnnouncer();
        _identity.Dispose();
        TransferMetrics.Dispose();
        _completion.TrySetResult();
    }
}
