using System.Management.Automation;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Suspends running downloads.</summary>
/// <remarks>
/// <para>What was received is kept, and Resume-P2PDownload continues from there, in this shell or a later one. A
/// Receive-P2PFile or a job that waits for the file continues to wait. Downloads that do not run are not changed; a download
/// that another shell runs is the error DestinationInUse.</para>
/// </remarks>
/// <example>
/// <code>Suspend-P2PDownload image.vhdx</code>
/// <para>Suspends one download.</para>
/// </example>
/// <example>
/// <code>Get-P2PDownload -State Running | Where-Object Size -gt 1GB | Suspend-P2PDownload</code>
/// <para>Suspends the large downloads, so that the small ones have all the bandwidth.</para>
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
