using System.Management.Automation;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Removes downloads, and deletes what was received of unfinished ones.</summary>
/// <remarks>
/// <para>A running download is stopped first. The <c>.p2ppart</c> file of an unfinished download is deleted. The file of a
/// complete download stays, and only its entry in the list is removed.</para>
/// </remarks>
/// <example>
/// <code>Get-P2PDownload -State Complete | Remove-P2PDownload</code>
/// <para>Removes complete downloads from the list. The files stay.</para>
/// </example>
/// <example>
/// <code>Remove-P2PDownload image.vhdx -WhatIf</code>
/// <para>Shows which downloads would be stopped and removed. Without -WhatIf they are.</para>
/// </example>
[Cmdlet(VerbsCommon.Remove, "P2PDownload", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(P2PDownload))]
public sealed class RemoveP2PDownload : ChangeDownloadCmdlet
{
    private protected override string Action => "Remove download";

    private protected override async Task ChangeAsync(P2PDownload download, P2PSession session, CancellationToken cancellationToken)
    {
        var (live, saved) = await FindAsync(download, session, cancellationToken);
        await (live is null ? session.Downloads.RemoveAsync(saved) : session.RunningPeerServer!.Server.Downloads.RemoveAsync(live));
    }
}
