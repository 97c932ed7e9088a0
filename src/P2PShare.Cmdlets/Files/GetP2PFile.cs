using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Files;

/// <summary>Gets the files that are shared with groups of the session's user.</summary>
/// <remarks>
/// <para>Each file has its name in the group, its size in bytes, the user who shared it first (Owner), the number of peers
/// online that have all of it (Sources), and its pieces root: files with equal roots have equal bytes. Pipe files to
/// Receive-P2PFile, Test-P2PFile, Compare-P2PFile or Where-Object.</para>
/// <para>Names that differ only in case are two files. CaseConflict is true for both, and the table marks them: a folder that does not
/// distinguish them, as on Windows, can have only one.</para>
/// <para>When a file is replaced, what it was before stays its earlier version for a time that the tracker's operator sets (KeptUntil), as long
/// as a peer has it. The contents of a name are numbered from 1 (Version). -Version lists the earlier ones too, of which Sources tells
/// how many peers online still have them; Receive-P2PFile receives them.</para>
/// <para>A group of which the user is not a member is the error NotMember. A file name without wildcards that the group does
/// not have is the error FileNotFound; a pattern that matches nothing writes nothing. Names are compared without regard to
/// case.</para>
/// <para>Files are written as they arrive from the tracker, sorted by name, a thousand with each request: those of a large group are
/// never in memory together, and Select-Object -First ends the requests.</para>
/// </remarks>
/// <example>
/// <code>Get-P2PFile -Group builds</code>
/// <para>Lists the files that are shared with the group builds.</para>
/// </example>
/// <example>
/// <code>Get-P2PFile -Group builds -Name *.vhdx | Receive-P2PFile -Destination ./images</code>
/// <para>Receives all images of the group.</para>
/// </example>
/// <example>
/// <code>Get-P2PFile | Where-Object Sources -eq 0 | Sort-Object Size -Descending</code>
/// <para>Lists the files of all the user's groups of which no peer online has all, the largest first.</para>
/// </example>
/// <example>
/// <code>Get-P2PFile builds image.vhdx -Version | Format-Table Version, Shared, Size, Sources, KeptUntil</code>
/// <para>Lists the contents that image.vhdx has and had.</para>
/// </example>
[Cmdlet(VerbsCommon.Get, "P2PFile", DefaultParameterSetName = NameSet)]
[OutputType(typeof(P2PFile))]
public sealed class GetP2PFile : SessionCmdlet
{
    private const string NameSet = "Name";
    private const string EventSet = "Event";

    /// <summary>
    /// Names of groups, wildcards allowed; every group that the session's user is in if it is left out.
    /// </summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = NameSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string[] Group { get; set; } = ["*"];

    /// <summary>
    /// Names of files in the group, wildcards allowed; all if it is left out. A file in a folder is called
    /// <c>folder/file</c>, and <c>*</c> also matches the <c>/</c>.
    /// </summary>
    [Parameter(Position = 1, ParameterSetName = NameSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(FileCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <summary>
    /// Lists the earlier versions of each file too, behind the current one and the newest first. Costs a request for each file that was
    /// replaced.
    /// </summary>
    [Parameter]
    public SwitchParameter Version { get; set; }

    // Name is not bound by property name: a group, which has a name too, stands for all of its files.

    /// <summary>Events, from Watch-P2PEvent: the file that each is about, as it is now. Events that are not about a file are skipped.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = EventSet)]
    [ValidateNotNullOrEmpty]
    public P2PEvent[] InputObject { get; set; } = [];

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var selection = new FileSelection(CurrentSession);
        if (ParameterSetName == EventSet)
        {
            foreach (var what in InputObject)
            {
                if (what.Name is { } name)
                {
                    await TryAsync(what, () => WriteAsync(selection, what.Group, name, cancellationToken));
                }
            }

            return;
        }

        foreach (var pattern in Group)
        {
            await TryAsync(pattern, async () =>
            {
                await foreach (var group in GroupSelection.FindAsync(CurrentSession, pattern, GroupSelection.IsInside, cancellationToken))
                {
                    foreach (var name in Name)
                    {
                        await TryAsync(name, () => WriteAsync(selection, group, name, cancellationToken));
                    }
                }
            });
        }
    }

    private async Task WriteAsync(FileSelection selection, string group, string name, CancellationToken cancellationToken)
    {
        await foreach (var file in selection.FindAsync(group, name, cancellationToken))
        {
            if (!Version)
            {
                WriteObject(file.Describe());
                continue;
            }

            try
            {
                foreach (var version in await selection.ListVersionsAsync(file, cancellationToken))
                {
                    WriteObject(version);
                }
            }
            catch (P2PShareException e) when (e.Code == ErrorCode.FileNotFound)
            {
                // Withdrawn since it was listed: a pattern matches it no more, and the files behind it are still there.
                if (!NameMatch.IsPattern(name))
                {
                    WriteFault(e, file.File.Name);
                }
            }
        }
    }
}
