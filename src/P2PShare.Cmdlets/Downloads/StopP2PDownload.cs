using System.Management.Automation;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Stops running or suspended downloads. What was received is kept.</summary>
/// <remarks>
/// <para>A Receive-P2PFile or a job that waits for the file fails with DownloadStopped. The download stays listed as Stopped:
/// Resume-P2PDownload continues from what was received, and Remove-P2PDownload deletes it.</para>
/// </remarks>
/// <example>
/// <code>Stop-P2PDownload image.vhdx</code>
/// <para>Stops one download.</para>
/// </example>
/// <example>
/// <code>Get-P2PDownload -State Running -Group web | Stop-P2PDownload -PassThru</code>
/// <para>Stops all downloads from one group, and writes them.</para>
/// </example>
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
