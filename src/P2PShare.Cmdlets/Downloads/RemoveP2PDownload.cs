using System.Management.Automation;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Stops downloads, forgets them and deletes what was received of unfinished ones; finished files stay.</summary>
[Cmdlet(VerbsCommon.Remove, "P2PDownload", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(P2PDownload))]
public sealed class RemoveP2PDownload : ChangeDownloadCmdlet
{
    private protected override string Action => "Remove download";

    private protected override Task ChangeAsync(P2PDownload download) => download.Server.RemoveDownloadAsync(download.Download);
}
