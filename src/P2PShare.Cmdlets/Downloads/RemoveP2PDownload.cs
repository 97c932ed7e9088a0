using System.Management.Automation;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>Forgets downloads, and deletes what was received of unfinished ones.</summary>
/// <remarks>
/// <para>A running download is stopped first. Of an unfinished one the <c>.p2ppart</c> file and its record are deleted; a
/// finished file stays where it is, and only its entry goes.</para>
/// </remarks>
/// <example>
/// <code>Get-P2PDownload -State Complete | Remove-P2PDownload</code>
/// <para>Clears the list of what is finished. The files stay.</para>
/// </example>
/// <example>
/// <code>Remove-P2PDownload image.vhdx -WhatIf</code>
/// <para>Shows what would be stopped and deleted. Without -WhatIf it is.</para>
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
