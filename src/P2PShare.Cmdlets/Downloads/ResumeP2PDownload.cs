using System.Management.Automation;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Lets suspended, failed or stopped downloads go on, also those of earlier shells.</summary>
/// <remarks>
/// <para>Starts the session's peer server where none runs, looks what is right of what lies in the <c>.p2ppart</c> file,
/// and fetches the rest. It returns at once: Get-P2PDownload shows how far it is, and a failure is seen there in Error.
/// Running and finished downloads are left as they are; one that another shell runs is the error DestinationInUse.</para>
/// </remarks>
/// <example>
/// <code>Get-P2PDownload -State Suspended, Failed, Stopped | Resume-P2PDownload</code>
/// <para>Goes on with everything that is not finished, as after a restart of the machine.</para>
/// </example>
/// <example>
/// <code>Resume-P2PDownload image.vhdx -PassThru</code>
/// <para>Goes on with one download and writes it.</para>
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
