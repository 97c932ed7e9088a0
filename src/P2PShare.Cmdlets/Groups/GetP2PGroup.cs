using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Groups;

/// <summary>Gets the groups of the tracker.</summary>
/// <remarks>
/// <para>Every user can see that a group exists, its owner, the number of its members, and the role of the session's user
/// in it: None, Requested, Member or Owner. Only members can see its members and its files.</para>
/// <para>A name that does not exist is the error GroupNotFound; a pattern that matches nothing writes nothing.</para>
/// </remarks>
/// <example>
/// <code>Get-P2PGroup</code>
/// <para>Lists all groups.</para>
/// </example>
/// <example>
/// <code>Get-P2PGroup | Where-Object Role -eq Owner | Get-P2PJoinRequest</code>
/// <para>Lists the requests to join groups that the user owns.</para>
/// </example>
/// <example>
/// <code>Get-P2PGroup build*, web | Sort-Object MemberCount -Descending</code>
/// <para>Lists some groups, the largest first.</para>
/// </example>
[Cmdlet(VerbsCommon.Get, "P2PGroup")]
[OutputType(typeof(P2PGroup))]
public sealed class GetP2PGroup : SessionCmdlet
{
    private readonly HashSet<string> _written = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Names of groups, wildcards allowed; all groups if it is left out. A group that is named twice is written once.
    /// </summary>
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
