using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.Files;

/// <summary>Gets the files that are shared with groups of the session's user.</summary>
[Cmdlet(VerbsCommon.Get, "P2PFile", DefaultParameterSetName = NameSet)]
[OutputType(typeof(P2PFile))]
public sealed class GetP2PFile : SessionCmdlet
{
    private const string NameSet = "Name";
    private const string EventSet = "Event";

    /// <summary>Names of groups, wildcards allowed; every group that one is in where it is left out.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = NameSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string[] Group { get; set; } = ["*"];

    /// <summary>Names of files, wildcards allowed; all where it is left out.</summary>
    [Parameter(Position = 1, ParameterSetName = NameSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(FileCompleter))]
    public string[] Name { get; set; } = ["*"];

    // Not by property name: a group, which has a name too, is for all of its files.

    /// <summary>Events, from Watch-P2PEvent: the file that each is about, as it is now. Events that are about no file are passed over.</summary>
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
