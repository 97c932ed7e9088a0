using System.Management.Automation;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Puts running downloads on hold; Resume-P2PDownload lets them go on.</summary>
[Cmdlet(VerbsLifecycle.Suspend, "P2PDownload", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(P2PDownload))]
public sealed class SuspendP2PDownload : ChangeDownloadCmdlet
{
    private protected override string Action => "Suspend download";

    private protected override async Task ChangeAsync(P2PDownload download, P2PSession session, CancellationToken cancellationToken)
    {
        if ((await FindAsync(download, session, cancellationToken)).Live is { } live)
        {
            await live.SuspendAsync();
        }
    }
}
