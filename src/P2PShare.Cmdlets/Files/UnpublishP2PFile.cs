using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Files;

/// <summary>Stops sharing files with a group; the files themselves stay where they are.</summary>
/// <remarks>
/// <para>Takes one's own share of a file away: this machine does not offer it to the group any more, and where nobody
/// else shares the file it is no longer listed. Those who have received it keep it. A file that is shared with other
/// groups too is still shared with them.</para>
/// <para>A name that one does not share is the error NotSharer; a pattern means those of the files that one does
/// share.</para>
/// </remarks>
/// <example>
/// <code>Unpublish-P2PFile -Group builds -Name image.vhdx</code>
/// <para>Stops sharing one file.</para>
/// </example>
/// <example>
/// <code>Get-P2PFile -Group builds | Where-Object Shared -lt (Get-Date).AddDays(-30) | Unpublish-P2PFile -WhatIf</code>
/// <para>Shows which files that are older than thirty days would no longer be shared. Without -WhatIf they are
/// not.</para>
/// </example>
[Cmdlet(VerbsData.Unpublish, "P2PFile", SupportsShouldProcess = true)]
[OutputType(typeof(P2PFile))]
public sealed class UnpublishP2PFile : SessionCmdlet
{
    /// <summary>The group to stop sharing with. No wildcards.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string? Group { get; set; }

    /// <summary>
    /// Names of files in the group. Wildcards are allowed: a pattern means those that the session's user shares.
    /// </summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(FileCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>Writes each file that is not shared any more, as it was; else nothing is written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var selection = new FileSelection(CurrentSession);
        foreach (var name in Name)
        {
            await TryAsync(name, async () =>
            {
                foreach (var file in await selection.FindAsync(Group!, name, cancellationToken))
                {
                    if (ShouldProcess($"{file.Name} in group {Group}", "Stop sharing"))
                    {
                        await StopAsync(file, byPattern: file.Name != name, cancellationToken);
                    }
                }
            });
        }
    }

    private async Task StopAsync(FileResponse file, bool byPattern, CancellationToken cancellationToken)
    {
        var name = file.Name;
        try
        {
            await (CurrentSession.RunningPeerServer is { } job
                ? job.Server.Shares.StopShareAsync(Group!, name, cancellationToken)
                : CurrentSession.Shares.StopShareAsync(Group!, name, cancellationToken));
            if (PassThru)
            {
                WriteObject(new P2PFile(file));
            }
        }
        catch (P2PShareException e) when (byPattern && e.Code == ErrorCode.NotSharer)
        {
            WriteVerbose($"'{name}' is shared by others only.");
        }
        catch (P2PShareException e)
        {
            WriteFault(e, name);
        }
    }
}
