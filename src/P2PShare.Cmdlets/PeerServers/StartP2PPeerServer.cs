using System.Management.Automation;
using System.Net;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Transfer;

namespace P2PShare.Cmdlets.PeerServers;

/// <summary>Starts the session's peer server, which offers what the user shares, as a job.</summary>
/// <remarks>
/// <para>A peer server listens for other peers, tells the tracker what this machine has, and serves it to members of the
/// groups it is shared with. What was shared earlier with the same state folder is offered again where the file is still
/// the same; a warning names what is not. Send-P2PFile, Receive-P2PFile and Resume-P2PDownload start one by themselves:
/// this cmdlet is for a port, limits, or a machine that only serves.</para>
/// <para>It writes a job: Receive-Job gives one object for each upload that ended, Stop-Job ends it, and it ends with its
/// session and with the shell. A session has one peer server; a second is the error PeerServerRunning, and a port that is
/// taken is PortInUse. Where a firewall lets nobody in it serves over the connections that it makes itself.</para>
/// </remarks>
/// <example>
/// <code>Start-P2PPeerServer -Port 8002 -UploadLimit 20MB</code>
/// <para>Serves on a port that the firewall lets through, with at most 20 MB a second.</para>
/// </example>
/// <example>
/// <code>
/// $job = Start-P2PPeerServer
/// $job | Receive-Job | Group-Object UserName | Select-Object Name, Count
/// </code>
/// <para>Serves behind the prompt; later tells who fetched how many files.</para>
/// </example>
/// <example>
/// <code>Start-P2PPeerServer -Name builds -StopTimeoutSec 60 | Wait-Job</code>
/// <para>Serves until it is stopped, as the last line of a script that is a service does.</para>
/// </example>
[Cmdlet(VerbsLifecycle.Start, "P2PPeerServer", SupportsShouldProcess = true)]
[OutputType(typeof(Job))]
public sealed class StartP2PPeerServer : SessionCmdlet
{
    /// <summary>TCP port to listen on; 0 is any free one.</summary>
    [Parameter(Position = 0)]
    [ValidateRange(0, 65535)]
    public int Port { get; set; }

    /// <summary>Address of this machine to listen on; all of them where it is left out.</summary>
    [Parameter]
    [ValidateNotNull]
    public IPAddress? Address { get; set; }

    /// <summary>
    /// Most bytes a second that all uploads together send, such as 20MB; 0 is no limit. No limit where it is left out.
    /// </summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? UploadLimit { get; set; }

    /// <summary>
    /// Most bytes a second that all downloads together take, such as 20MB; 0 is no limit. No limit where it is left out.
    /// </summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? DownloadLimit { get; set; }

    /// <summary>Seconds that uploads which run may go on when the peer server is stopped.</summary>
    [Parameter]
    [ValidateRange(0, 3600)]
    public int StopTimeoutSec { get; set; } = PeerServerJob.DefaultStopTimeout;

    /// <summary>Name of the job; P2PPeerServer where it is left out.</summary>
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
