using System.Management.Automation;

namespace P2PShare.Cmdlets.PeerServers;

/// <summary>Stops a peer server.</summary>
/// <remarks>
/// <para>It tells the tracker that this peer is gone, takes no more connections, and lets uploads that run go on for its
/// stop timeout (five seconds unless it was set). Running downloads are put on hold, and Resume-P2PDownload goes on with
/// them. Nothing happens where none runs.</para>
/// </remarks>
/// <example>
/// <code>Stop-P2PPeerServer</code>
/// <para>Stops the peer server of the default session.</para>
/// </example>
/// <example>
/// <code>
/// Set-P2PPeerServer -StopTimeoutSec 600
/// Get-P2PPeerServer | Stop-P2PPeerServer
/// </code>
/// <para>Lets uploads that run go on for up to ten minutes, and then stops.</para>
/// </example>
[Cmdlet(VerbsLifecycle.Stop, "P2PPeerServer", SupportsShouldProcess = true)]
[OutputType(typeof(P2PPeerServer))]
public sealed class StopP2PPeerServer : PeerServerCmdlet
{
    /// <summary>Writes the peer server that was stopped; else nothing is written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        if (FindJob() is { } job && ShouldProcess(job.Session.ToString(), "Stop the peer server"))
        {
            await job.StopAsync().WaitAsync(cancellationToken);
            if (PassThru)
            {
                WriteObject(new P2PPeerServer(job));
            }
        }
    }
}
