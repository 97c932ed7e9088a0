using System.Management.Automation;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Stops downloads, forgets them and deletes what was received of unfinished ones; finished files stay.</summary>
[Cmdlet(VerbsCommon.Remove, "P2PDownload", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(P2PDownload))]
public sealed class RemoveP2PDownload : ChangeDownloadCmdlet
{
    private protected override string Action => "Remove download";

    private protected override async Task ChangeAsync(P2PDownload download, P2PSession session, CancellationToken cancellationToken)
    {
        var (live, saved) = await FindAsync(download, session, cancellationToken);
        await (live is null ? session.Downloads.RemoveAsync(saved) : session.RunningPeerServer!.Server.RemoveDownloadAsync(live));
    }
}
