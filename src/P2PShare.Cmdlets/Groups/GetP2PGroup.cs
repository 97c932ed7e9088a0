using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Groups;

/// <summary>Gets the tracker's groups.</summary>
[Cmdlet(VerbsCommon.Get, "P2PGroup")]
[OutputType(typeof(P2PGroup))]
public sealed class GetP2PGroup : SessionCmdlet
{
    private readonly HashSet<string> _written = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Names, wildcards allowed; all where it is left out. A group that is named twice is written once.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Group")]
    [FromProperty("Group", "Name")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string[] Name { get; set; } = ["*"];

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        foreach (var name in Name)
        {
            await TryAsync(name, async () =>
            {
                foreach (var group in await FindAsync(name, cancellationToken))
                {
                    if (_written.Add(group.Name))
                    {
                        WriteObject(new P2PGroup(group));
                    }
                }
            });
        }
    }

    private async Task<IEnumerable<GroupResponse>> FindAsync(string name, CancellationToken cancellationToken)
    {
        var client = CurrentSession.Client;
        return NameMatch.IsPattern(name)
            ? NameMatch.Select(await client.GetGroupsAsync(cancellationToken), name, group => group.Name)
                .OrderBy(group => group.Name, StringComparer.OrdinalIgnoreCase)
            : [await client.GetGroupAsync(name, cancellationToken)];
    }
}
