using System.Management.Automation;
using P2PShare.Transfer.Downloading;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Ends running or suspended downloads; what was received is kept for Resume-P2PDownload.</summary>
[Cmdlet(VerbsLifecycle.Stop, "P2PDownload", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(P2PDownload))]
public sealed class StopP2PDownload : ChangeDownloadCmdlet
{
    private protected override string Action => "Stop download";

    private protected override async Task ChangeAsync(P2PDownload download, P2PSession session, CancellationToken cancellationToken)
    {
        var (live, saved) = await FindAsync(download, session, cancellationToken);
        if (live is not null)
        {
            await live.StopAsync();
        }
        else if (saved.State is DownloadState.Running or DownloadState.Suspended)
        {
            await session.Downloads.StopAsync(saved);
            download.Saved = saved with { State = DownloadState.Stopped };
        }
    }
}
