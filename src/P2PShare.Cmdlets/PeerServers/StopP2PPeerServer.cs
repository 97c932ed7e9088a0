using System.Management.Automation;

namespace P2PShare.Cmdlets.PeerServers;

/// <summary>Stops a peer server: nothing is offered any more, downloads are put on hold. Nothing happens where none runs.</summary>
[Cmdlet(VerbsLifecycle.Stop, "P2PPeerServer", SupportsShouldProcess = true)]
public sealed class StopP2PPeerServer : PeerServerCmdlet
{
    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        if (FindJob() is { } job && ShouldProcess(job.Session.ToString(), "Stop the peer server"))
        {
            await Task.Run(job.StopJob, cancellationToken);
        }
    }
}
