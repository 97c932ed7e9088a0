using System.Management.Automation;
using P2PShare.Cmdlets.PeerServers;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Cmdlets.Tracker;
using P2PShare.Protocol;
using P2PShare.Transfer;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare;

/// <summary>A user, logged in at a tracker.</summary>
public sealed class P2PSession
{
    private static readonly TimeSpan LogoutPatience = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private Task<PeerServerJob>? _peerServer;
    private bool _isDisconnected;

    internal P2PSession(TrackerSession client, TrackerWarnings trackerWarnings, StateFolder state)
    {
        TrackerWarnings = trackerWarnings;
        Client = client;
        State = state;
        UserName = client.UserName;
        Started = TimeProvider.System.GetLocalNow();
        Downloads = new DownloadStore(state, client.Account);
        Shares = new ShareStore(state, client.Account, client.WithdrawFilesAsync);
    }

    /// <summary>The tracker in use, <c>host:port</c>.</summary>
    public string Tracker => Client.Address.Authority;

    public string UserName { get; }

    /// <summary>False after Disconnect-P2PTracker, and once the tracker has refused the session.</summary>
    public bool Connected => !_isDisconnected && Client.IsLoggedIn;

    /// <summary>Port of the session's peer server; null while none runs.</summary>
    public int? PeerServerPort => RunningPeerServer?.Server.Port;

    /// <summary>Folder of the certificate, the shares and the downloads.</summary>
    public string StatePath => State.Path;

    public DateTimeOffset Started { get; }

    internal TrackerSession Client { get; }

    internal TrackerWarnings TrackerWarnings { get; }

    internal StateFolder State { get; }

    internal PeerServerJob? RunningPeerServer =>
        _peerServer is { IsCompletedSuccessfully: true, Result: { IsFinished: false } job } ? job : null;

    /// <summary>What was completed a moment ago, by what completes it and the group.</summary>
    internal NameCache<(Type Completer, string? Group, bool Mine, string Prefix), (string Name, string ToolTip)> Names { get; } =
        new(TimeProvider.System, patience: TimeSpan.FromSeconds(1), maxAge: TimeSpan.FromSeconds(3));

    internal DownloadStore Downloads { get; }

    internal ShareStore Shares { get; }

    public override string ToString() => $"{UserName}@{Tracker}";

    /// <summary>The user's downloads, the oldest first: those that the peer server runs, and those that are saved.</summary>
    internal async Task<IReadOnlyList<P2PDownload>> GetDownloadsAsync(CancellationToken cancellationToken)
    {
        var saved = await Downloads.GetAllAsync(cancellationToken).ConfigureAwait(false);
        return [.. DownloadMerge.Merge(saved, RunningPeerServer?.Server.Downloads.GetAll() ?? [])
            .Select(one => new P2PDownload(one.Saved, one.Live, this))];
    }

    /// <summary>The session's peer server; started if none runs.</summary>
    /// <param name="owner">The runspace that a new one ends with.</param>
    /// <param name="jobs">Lists a new one.</param>
    /// <param name="options">For a new one; null accepts one that runs already.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.PeerServerRunning"/>: one runs, and options were given.</exception>
    internal Task<PeerServerJob> GetPeerServerAsync(
        RunspaceState owner, JobRepository jobs, PeerServerOptions? options, string? jobName, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            // Runspaces may share a session: a second caller waits for the server that the first one starts.
            var usable = RunningPeerServer is not null || _peerServer is { IsCompleted: false };
            if (usable && options is not null)
            {
                throw new P2PShareException(
                    ErrorCode.PeerServerRunning,
                    $"The peer server of {this} runs already.");
            }

            return usable ? _peerServer! : _peerServer = StartAsync();
        }

        async Task<PeerServerJob> StartAsync()
        {
            var warnings = new PeerServerWarnings();
            TrackerWarnings.Attach(warnings.Add);
            PeerServer server;
            try
            {
                server = await PeerServer.StartAsync(
                    Client, State, (options ?? new PeerServerOptions()).WithWarnings(warnings.Add), cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                TrackerWarnings.Detach(warnings.Add);
                throw;
            }

            var job = new PeerServerJob(server, this, jobName, warnings);
            owner.Add(job);
            jobs.Add(job);
            return job;
        }
    }

    /// <summary>Asks the tracker for something, so that <see cref="Connected"/> is what the tracker has. Ends without an error.</summary>
    internal async Task ProbeAsync(CancellationToken cancellationToken)
    {
        try
        {
            // The name of no group: the answer is short.
            await Client.FindGroupIdAsync("-", cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is P2PShareException or OperationCanceledException or ObjectDisposedException)
        {
            // The client keeps a refusal of the session.
        }
    }

    /// <summary>Stops the peer server and ends the session, here and at the tracker.</summary>
    /// <returns>Why the tracker could not be informed; null if it was.</returns>
    internal async Task<P2PShareException?> DisconnectAsync(CancellationToken cancellationToken)
    {
        if (_isDisconnected)
        {
            return null;
        }

        _isDisconnected = true;
        if (RunningPeerServer is { } job)
        {
            await job.StopAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(LogoutPatience);
            await Client.LogoutAsync(patience.Token).ConfigureAwait(false);
            return null;
        }
        catch (P2PShareException e)
        {
            return e;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new P2PShareException(ErrorCode.TrackerUnreachable, $"The tracker {Tracker} did not answer.");
        }
        finally
        {
            Client.Dispose();
        }
    }
}
