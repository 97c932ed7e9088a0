using System.Management.Automation;
using P2PShare.Transfer.Downloading;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Lets suspended, failed or stopped downloads go on, also those of earlier shells.</summary>
[Cmdlet(VerbsLifecycle.Resume, "P2PDownload", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(P2PDownload))]
public sealed class ResumeP2PDownload : ChangeDownloadCmdlet
{
    private protected override string Action => "Resume download";

    private protected override async Task ChangeAsync(P2PDownload download, P2PSession session, CancellationToken cancellationToken)
    {
        var (live, saved) = await FindAsync(download, session, cancellationToken);
        if (live is null && saved.State != DownloadState.Complete)
        {
            var job = await GetPeerServerAsync(session, null, null, cancellationToken);
            download.Live = live = job.Server.GetDownload(saved);
        }

        live?.Resume();
    }
}
