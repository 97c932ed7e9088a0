using System.Management.Automation;
using System.Net;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Transfer.Peers;

namespace P2PShare.Cmdlets.PeerServers;

/// <summary>Starts the session's peer server, which offers what the user shares, as a job.</summary>
[Cmdlet(VerbsLifecycle.Start, "P2PPeerServer", SupportsShouldProcess = true)]
[OutputType(typeof(Job))]
public sealed class StartP2PPeerServer : SessionCmdlet
{
    /// <summary>TCP port to listen on; 0, the default: any free one.</summary>
    [Parameter(Position = 0)]
    [ValidateRange(0, 65535)]
    public int Port { get; set; }

    /// <summary>Address of this machine to listen on; all where it is left out.</summary>
    [Parameter]
    [ValidateNotNull]
    public IPAddress? Address { get; set; }

    /// <summary>Most bytes a second that all uploads together send; 0: no limit.</summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? UploadLimit { get; set; }

    /// <summary>Most bytes a second that all downloads together take; 0: no limit.</summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? DownloadLimit { get; set; }

    /// <summary>Seconds that uploads which run may go on when the peer server is stopped; 5 where it is left out.</summary>
    [Parameter]
    [ValidateRange(0, 3600)]
    public int StopTimeoutSec { get; set; } = PeerServerJob.DefaultStopTimeout;

    /// <summary>Name of the job.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        var session = CurrentSession;
        if (!ShouldProcess(session.ToString(), "Start the peer server"))
        {
            return;
        }

        var options = new PeerServerOptions
        {
            Address = Address,
            Port = Port,
            UploadLimit = PeerServerLimit.ToEngine(UploadLimit),
            DownloadLimit = PeerServerLimit.ToEngine(DownloadLimit),
        };
        var job = await GetPeerServerAsync(session, options, Name, cancellationToken);
        job.StopTimeout = TimeSpan.FromSeconds(StopTimeoutSec);
        WriteObject(job);
    }
}
