using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.Files;

/// <summary>Gets the files that are shared with groups of the session's user.</summary>
[Cmdlet(VerbsCommon.Get, "P2PFile")]
[OutputType(typeof(P2PFile))]
public sealed class GetP2PFile : SessionCmdlet
{
    /// <summary>Names of groups, wildcards allowed; every group that one is in where it is left out.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string[] Group { get; set; } = ["*"];

    /// <summary>Names of files, wildcards allowed; all where it is left out.</summary>
    [Parameter(Position = 1)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(FileCompleter))]
    public string[] Name { get; set; } = ["*"];

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var selection = new FileSelection(CurrentSession);
        foreach (var pattern in Group)
        {
            await TryAsync(pattern, async () =>
            {
                foreach (var group in await selection.FindGroupsAsync(pattern, cancellationToken))
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
        foreach (var file in (await selection.FindAsync(group, name, cancellationToken)).OrderBy(file => file.Name, StringComparer.OrdinalIgnoreCase))
        {
            WriteObject(new P2PFile(file));
        }
    }
}
