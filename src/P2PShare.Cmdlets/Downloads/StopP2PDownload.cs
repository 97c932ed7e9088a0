using System.Management.Automation;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Ends running or suspended downloads; what was received is kept for Resume-P2PDownload.</summary>
[Cmdlet(VerbsLifecycle.Stop, "P2PDownload", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(P2PDownload))]
public sealed class StopP2PDownload : ChangeDownloadCmdlet
{
    private protected override string Action => "Stop download";

    private protected override Task ChangeAsync(P2PDownload download) => download.Download.StopAsync();
}
