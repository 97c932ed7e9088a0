using System.Management.Automation;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Lets suspended, failed or stopped downloads go on, also those of earlier shells.</summary>
[Cmdlet(VerbsLifecycle.Resume, "P2PDownload", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(P2PDownload))]
public sealed class ResumeP2PDownload : ChangeDownloadCmdlet
{
    private protected override string Action => "Resume download";

    private protected override Task ChangeAsync(P2PDownload download)
    {
        download.Download.Resume();
        return Task.CompletedTask;
    }
}
