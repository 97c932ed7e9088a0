using System.Management.Automation;

namespace P2PShare.Cmdlets.PeerServers;

/// <summary>Stops a peer server.</summary>
/// <remarks>
/// <para>It unregisters this peer at the tracker, accepts no more connections, and lets running uploads continue for its stop
/// timeout (five seconds unless it was set). Running downloads are suspended, and Resume-P2PDownload continues them. Nothing
/// happens if none runs.</para>
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
/// <para>Lets running uploads continue for up to ten minutes, and then stops.</para>
/// </example>
[Cmdlet(VerbsLifecycle.Stop, "P2PPeerServer", SupportsShouldProcess = true)]
[OutputType(typeof(P2PPeerServer))]
public sealed class StopP2PPeerServer : PeerServerCmdlet
{
    /// <summary>Writes the stopped peer server; by default nothing is written.</summary>
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
