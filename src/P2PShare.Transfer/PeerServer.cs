using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Chunking;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Transfer;

/// <summary>
/// One peer: listens, offers what its user shares and has received, announces it at the tracker, and downloads. This type builds the
/// parts, starts them and stops them. Safe for concurrent use.
/// </summary>
public sealed class PeerServer : IAsyncDisposable, IAnnounceHandler
{
    private readonly StateFolder _state;
    private readonly PeerListener _listener;
    private readonly PeerIdentity _identity;
    private readonly TransferMetrics _metrics;
    private readonly TrackerPresence _presence;
    private readonly ConnectionContext _context;
    private readonly ConnectionTable _connections;
    private readonly TransferGauges _gauges;
    private readonly CancellationTokenSource _stopping;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private Task _loops = Task.CompletedTask;
    private Task? _stopped;

    private PeerServer(
        TrackerSession tracker, StateFolder state, PeerServerOptions options, PeerListener listener, PeerIdentity identity, AccessGuard access, CancellationTokenSource stopping)
    {
        (_state, _listener, _identity, _stopping, var logger, var clock) = (state, listener, identity, stopping, options.Logger, options.Clock);
        var locator = new SourceLocator(tracker, Fingerprint, identity.CertificateHash, () => access.RevocationsKnown);
        (_metrics, ChunkMaps) = (new TransferMetrics(Port), new ChunkMapStore(state, logger, clock));
        var announcer = new Announcer(tracker, Fingerprint, () => identity.Prove(tracker.TrackerId, tracker.SessionId), options.AnnouncedPort ?? Port, this, clock, logger);
        Shares = new ContentRegistry(announcer, new ShareStore(state, tracker.Account, tracker.WithdrawFilesAsync), new SharePublisher(tracker.ShareFileAsync, tracker.ShareFilesAsync).ShareAsync, logger, clock, ChunkMaps.Remove);
        _context = new ConnectionContext(access, new(options.ConnectionLimits), Shares, new(clock) { Limit = options.UploadLimit }, new SendBudget(), _metrics, upload => UploadFinished?.Invoke(upload), logger, clock) { Maps = ChunkMaps, Compressor = new(new CompressionChoice(clock) { IsEnabled = options.Compression }, clock) };
        _connections = new ConnectionTable(Fingerprint, _context);
        Dialer = new PeerDialer(new TlsTransport(identity, clock, options.FindDetour), _connections, _context.Admission, _metrics, stopping.Token);
        _presence = new TrackerPresence(tracker, announcer, Fingerprint, new ReverseDialer(Dialer, Shares, Fingerprint, locator.FindTicketAsync, logger, clock, stopping.Token).DialAsync, logger, clock);
        var reversal = new ConnectionReversal(Dialer, locator.RequestDialAsync, clock, stopping.Token);
        Downloads = new DownloadList(new DownloadDependencies(Fingerprint, new DownloadStore(state, tracker.Account), Shares, locator.FindAsync, reversal.CreateConnector, _metrics, logger, clock) { ChunkMaps = ChunkMaps, Limiter = new(clock) { Limit = options.DownloadLimit }, SourceTimeout = options.SourceTimeout, StallTimeout = options.StallTimeout });
        Downloads.Dependencies.SmallContents = new SmallContentFetch(Downloads.Dependencies, locator.FindManyAsync, reversal.ConnectAsync);
        _gauges = new TransferGauges(Port, new(() => _connections.Count, () => _connections.ActiveUploads, () => Downloads.ActiveCount, () => Downloads.SourceCount, () => _connections.WaitingBlocks, () => Downloads.BytesPerSecond, () => _metrics.BytesUploaded), clock);
    }

    /// <summary>Raised, on any thread, when a peer has stopped fetching a content.</summary>
    public event Action<UploadRecord>? UploadFinished;

    /// <summary>TCP port it listens on.</summary>
    public int Port => _listener.Port;

    /// <summary>Of its certificate.</summary>
    public Hash256 Fingerprint => _identity.Fingerprint;

    /// <summary>What it offers.</summary>
    public ContentRegistry Shares { get; }
    /// <summary>The chunk maps of what it offers.</summary>
    public ChunkMapStore ChunkMaps { get; }
    /// <summary>The downloads of its user, those of earlier shells included.</summary>
    public DownloadList Downloads { get; }

    /// <summary>Most bytes a second that all uploads together send; null: no limit. Takes effect at once.</summary>
    public long? UploadLimit { get => _context.UploadLimiter.Limit; set => _context.UploadLimiter.Limit = value; }
    /// <summary>Most bytes a second that all downloads together take; null: no limit. Takes effect at once.</summary>
    public long? DownloadLimit { get => Downloads.Dependencies.Limiter.Limit; set => Downloads.Dependencies.Limiter.Limit = value; }

    /// <inheritdoc cref="PeerServerOptions.Compression"/>
    public bool Compression { get => _context.Compressor.Choice.IsEnabled; set => _context.Compressor.Choice.IsEnabled = value; }

    /// <summary>How many connections of one address and one user it accepts; a change concerns those that come afterwards.</summary>
    public ConnectionLimits ConnectionLimits { get => _context.Admission.Limits; set => _context.Admission.Limits = value; }

    /// <summary>Ends when the server was stopped, and throws <see cref="P2PShareException"/> when it cannot listen any more.</summary>
    public Task Completion => _completion.Task;

    internal PeerDialer Dialer { get; }

    /// <summary>Starts listening, offers again what this user shared before and is still the same, and announces it.</summary>
    /// <param name="tracker">Logged in.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.PortInUse"/>, <see cref="ErrorCode.PeerServerFailed"/> or the tracker's.</exception>
    public static async Task<PeerServer> StartAsync(TrackerSession tracker, StateFolder state, PeerServerOptions options, CancellationToken cancellationToken)
    {
        var stopping = new CancellationTokenSource();
        var access = await AccessGuard.CreateAsync(tracker, options.Clock, cancellationToken, stopping.Token).ConfigureAwait(false);
        var listener = PeerListener.Open(options.Address, options.Port);
        PeerIdentity? identity = null;
        PeerServer? server = null;
        try
        {
            identity = PeerIdentity.Acquire(state, options.Clock);
            server = new PeerServer(tracker, state, options, listener, identity, access, stopping);
            await new GroupUpgrade(state, tracker.Account, tracker.FindGroupIdAsync).RunAsync(cancellationToken).ConfigureAwait(false);
            await server.Shares.RestoreAsync().ConfigureAwait(false);
            server.ChunkMaps.RemoveOrphans();
            server.Downloads.Load();
            await server._presence.AnnounceAsync(cancellationToken).ConfigureAwait(false);
            server._loops = server.RunAsync(stopping.Token);
            return server;
        }
        catch
        {
            listener.Dispose();
            identity?.Dispose();
            server?._presence.Dispose();
            server?._gauges.Dispose();
            throw;
        }
    }

    public PeerServerStatus GetStatus() => new(_connections.Count, _connections.ActiveUploads, Shares.NameCount, _metrics.BytesUploaded, _metrics.BytesDownloaded, _connections.GetUploads());

    /// <summary>Suspends downloads, unregisters at the tracker within <paramref name="patience"/> (5 s), lets uploads finish for at most <paramref name="grace"/>.</summary>
    public Task StopAsync(TimeSpan grace, TimeSpan? patience = null)
    {
        lock (_lock)
        {
            return _stopped ??= Task.Run(() => StopCoreAsync(grace, patience ?? TimeSpan.FromSeconds(5)));
        }
    }

    public ValueTask DisposeAsync() => new(StopAsync(TimeSpan.Zero));

    void IAnnounceHandler.OnRejected(IReadOnlyList<Announcement> holdings) => Shares.RemoveRejected(holdings);
    bool IAnnounceHandler.OnRevoked(IReadOnlyList<Revocation> revocations) => _presence.IsRevokedBy(_connections.Revoke(revocations));

    private Task RunAsync(CancellationToken stop) =>
        Task.WhenAll(_listener.RunAsync(_identity, _connections, _context, e => _completion.TrySetException(e), stop), _connections.MaintainAsync(stop), _presence.RunAsync(e => _completion.TrySetException(e), stop));

    private async Task StopCoreAsync(TimeSpan grace, TimeSpan patience)
    {
        await Downloads.SuspendAllAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _presence.UnregisterAsync(patience).ConfigureAwait(false);
        await _connections.DrainUploadsAsync(grace).ConfigureAwait(false);
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _connections.CloseAsync().ConfigureAwait(false);
        await _loops.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Shares.Dispose();
        await _state.Database.FlushAsync().ConfigureAwait(false);
        _presence.Dispose();
        _gauges.Dispose();
        _identity.Dispose();
        _completion.TrySetResult();
    }
}
