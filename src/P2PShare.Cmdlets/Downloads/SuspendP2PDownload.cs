using System.Management.Automation;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Puts running downloads on hold; Resume-P2PDownload lets them go on.</summary>
[Cmdlet(VerbsLifecycle.Suspend, "P2PDownload", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(P2PDownload))]
public sealed class SuspendP2PDownload : ChangeDownloadCmdlet
{
    private protected override string Action => "Suspend download";

    private protected override Task ChangeAsync(P2PDownload download) => download.Download.SuspendAsync();
}
