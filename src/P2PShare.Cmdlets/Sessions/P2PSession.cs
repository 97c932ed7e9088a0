using System.Management.Automation;
using P2PShare.Cmdlets.PeerServers;
using P2PShare.Cmdlets.Sessions;
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

    internal P2PSession(TrackerClient client, StateFolder state)
    {
        Client = client;
        State = state;
        UserName = client.UserName;
        Started = DateTimeOffset.Now;
        Connected = true;
        Downloads = new DownloadStore(state, client);
        Shares = new ShareStore(state, client);
    }

    /// <summary>The tracker in use, <c>host:port</c>.</summary>
    public string Tracker => Client.Address.Authority;

    public string UserName { get; }

    /// <summary>False after Disconnect-P2PTracker.</summary>
    public bool Connected { get; private set; }

    /// <summary>Port of the session's peer server; null while none runs.</summary>
    public int? PeerServerPort => RunningPeerServer?.Server.Port;

    /// <summary>Folder of the certificate, the shares and the downloads.</summary>
    public string StatePath => State.Path;

    public DateTimeOffset Started { get; }

    internal TrackerClient Client { get; }

    internal StateFolder State { get; }

    internal PeerServerJob? RunningPeerServer =>
        _peerServer is { IsCompletedSuccessfully: true, Result: { IsFinished: false } job } ? job : null;

    internal DownloadStore Downloads { get; }

    internal ShareStore Shares { get; }

    public override string ToString() => $"{UserName}@{Tracker}";

    /// <summary>The user's downloads, the oldest first, as the peer server has them where it runs and as they were left where not.</summary>
    internal async Task<IReadOnlyList<P2PDownload>> GetDownloadsAsync(CancellationToken cancellationToken)
    {
        var saved = await Downloads.GetAllAsync(cancellationToken).ConfigureAwait(false);
        var live = (RunningPeerServer?.Server.Downloads.GetAll() ?? [])
            .Where(download => download.HasRun).ToDictionary(download => download.Id);
        var downloads = saved.Select(one => live.Remove(one.Id, out var known) ? new P2PDownload(one, known, this) : new P2PDownload(one, this));
        // A state folder that cannot be written does not hide what runs.
        return [.. downloads, .. live.Values.Where(download => download.State == DownloadState.Running).Select(download => new P2PDownload(
            new SavedDownload(download.Id, download.Request, download.State, null, 0, download.Created), download, this))];
    }

    /// <summary>The session's peer server; started where none runs.</summary>
    /// <param name="owner">The runspace that a new one ends with.</param>
    /// <param name="jobs">Where a new one is listed.</param>
    /// <param name="options">For a new one. Where one runs already and these are not null, that is a fault.</param>
    internal Task<PeerServerJob> GetPeerServerAsync(
        RunspaceState owner, JobRepository jobs, PeerServerOptions? options, string? jobName, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            // Sessions may be shared by runspaces; whoever comes while it starts waits for the same one.
            var usable = RunningPeerServer is not null || _peerServer is { IsCompleted: false };
            if (usable && options is not null)
            {
                throw new P2PShareException(
                    ErrorCode.PeerServerRunning,
                    $"The peer server of {this} runs already. Change its limits with Set-P2PPeerServer, or use Stop-P2PPeerServer first.");
            }

            return usable ? _peerServer! : _peerServer = StartAsync();
        }

        async Task<PeerServerJob> StartAsync()
        {
            var warnings = new PeerServerWarnings();
            var server = await PeerServer.StartAsync(
                Client, State, (options ?? new PeerServerOptions()).WithWarnings(warnings.Add), cancellationToken).ConfigureAwait(false);
            var job = new PeerServerJob(server, this, jobName, warnings);
            owner.Add(job);
            jobs.Add(job);
            return job;
        }
    }

    /// <summary>Stops the peer server and forgets the session, here and at the tracker.</summary>
    /// <returns>What the tracker could not be told, if anything.</returns>
    internal async Task<P2PShareException?> DisconnectAsync(CancellationToken cancellationToken)
    {
        if (!Connected)
        {
            return null;
        }

        Connected = false;
        if (RunningPeerServer is { } job)
        {
            await Task.Run(job.StopJob, cancellationToken).ConfigureAwait(false);
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
