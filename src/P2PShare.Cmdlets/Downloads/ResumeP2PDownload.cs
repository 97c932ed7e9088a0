using System.Management.Automation;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Resumes suspended, failed or stopped downloads, including those of earlier shells.</summary>
/// <remarks>
/// <para>Starts the session's peer server if none runs, verifies what the <c>.p2ppart</c> file has, and receives the rest. It
/// returns at once: Get-P2PDownload shows the progress, and a failure as Error. Running and complete downloads are not
/// changed; a download that another shell runs is the error DestinationInUse.</para>
/// </remarks>
/// <example>
/// <code>Get-P2PDownload -State Suspended, Failed, Stopped | Resume-P2PDownload</code>
/// <para>Resumes everything that is not complete, for example after a restart of the machine.</para>
/// </example>
/// <example>
/// <code>Resume-P2PDownload image.vhdx -PassThru</code>
/// <para>Resumes one download and writes it.</para>
/// </example>
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
            download.Live = live = job.Server.Downloads.Get(saved);
        }

        live?.Resume();
    }
}
