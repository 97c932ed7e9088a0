using System.Management.Automation;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.PeerServers;

/// <summary>Changes the limits of a peer server that runs; they take effect at once.</summary>
[Cmdlet(VerbsCommon.Set, "P2PPeerServer", SupportsShouldProcess = true)]
[OutputType(typeof(P2PPeerServer))]
public sealed class SetP2PPeerServer : PeerServerCmdlet
{
    /// <summary>Most bytes a second that all uploads together send; 0: no limit.</summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? UploadLimit { get; set; }

    /// <summary>Most bytes a second that all downloads together take; 0: no limit.</summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? DownloadLimit { get; set; }

    /// <summary>Seconds that uploads which run may go on when the peer server is stopped.</summary>
    [Parameter]
    [ValidateRange(0, 3600)]
    public int? StopTimeoutSec { get; set; }

    /// <summary>Writes the peer server.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override Task ProcessAsync(CancellationToken cancellationToken)
    {
        var job = FindJob() ?? throw new P2PShareException(
            ErrorCode.PeerServerNotRunning, "No peer server runs in this session. Use Start-P2PPeerServer first.");
        if (!ShouldProcess(job.Session.ToString(), "Change the peer server's limits"))
        {
            return Task.CompletedTask;
        }

        if (UploadLimit is not null)
        {
            job.Server.UploadLimit = PeerServerLimit.ToEngine(UploadLimit);
        }

        if (DownloadLimit is not null)
        {
            job.Server.DownloadLimit = PeerServerLimit.ToEngine(DownloadLimit);
        }

        if (StopTimeoutSec is { } seconds)
        {
            job.StopTimeout = TimeSpan.FromSeconds(seconds);
        }

        if (PassThru)
        {
            WriteObject(new P2PPeerServer(job));
        }

        return Task.CompletedTask;
    }
}
