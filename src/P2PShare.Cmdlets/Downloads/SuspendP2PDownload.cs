using System.Management.Automation;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Puts running downloads on hold.</summary>
/// <remarks>
/// <para>What was received stays, and Resume-P2PDownload lets the download go on from there, in this shell or a later
/// one. A Receive-P2PFile or a job that waits for the file goes on waiting. Downloads that do not run are left as they
/// are; one that another shell runs is the error DestinationInUse.</para>
/// </remarks>
/// <example>
/// <code>Suspend-P2PDownload image.vhdx</code>
/// <para>Puts one download on hold.</para>
/// </example>
/// <example>
/// <code>Get-P2PDownload -State Running | Where-Object Size -gt 1GB | Suspend-P2PDownload</code>
/// <para>Puts the large downloads on hold, so that the small ones have the line.</para>
/// </example>
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
