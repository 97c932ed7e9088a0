using System.Management.Automation;
using System.Runtime.CompilerServices;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Groups;

/// <summary>Gets the groups of the tracker.</summary>
/// <remarks>
/// <para>Every user can see that a group exists, its owner, the number of its members, and the role of the session's user
/// in it: None, Requested, Member or Owner. Only members can see its members and its files. An unlisted group (Listed is false) is
/// found only by its exact name, and by a pattern if the user is in it or has asked to join it.</para>
/// <para>Groups are written as they arrive, sorted by name.</para>
/// <para>A name that does not exist is the error GroupNotFound; a pattern that matches nothing writes nothing.</para>
/// </remarks>
/// <example>
/// <code>Get-P2PGroup</code>
/// <para>Lists all groups but the unlisted ones of others.</para>
/// </example>
/// <example>
/// <code>Get-P2PGroup -Mine</code>
/// <para>Lists the groups that the user is in or has asked to join.</para>
/// </example>
/// <example>
/// <code>Get-P2PGroup -Mine | Where-Object Role -eq Owner | Get-P2PJoinRequest</code>
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

    /// <summary>Only groups that the session's user is in or has asked to join.</summary>
    [Parameter]
    public SwitchParameter Mine { get; set; }

    // Otherwise no group can come twice, and nothing has to be remembered.
    private bool MayRepeat => MyInvocation.ExpectingInput || Name.Length > 1;

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        foreach (var name in Name)
        {
            await TryAsync(name, async () =>
            {
                await foreach (var group in FindAsync(name, cancellationToken))
                {
                    if (!MayRepeat || _written.Add(group.Name))
                    {
                        WriteObject(new P2PGroup(group));
                    }
                }
            });
        }
    }

    private IAsyncEnumerable<GroupResponse> FindAsync(string name, CancellationToken cancellationToken)
    {
        if (!NameMatch.IsPattern(name))
        {
            return GetAsync(name, cancellationToken);
        }

        var isMatch = NameMatch.Matcher(name);
        return CurrentSession.Client.ListGroupsAsync(new ListQuery(NameMatch.Prefix(name), Mine), cancellationToken).Where(group => isMatch(group.Name));
    }

    private async IAsyncEnumerable<GroupResponse> GetAsync(string name, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var group = await CurrentSession.Client.GetGroupAsync(name, cancellationToken).ConfigureAwait(false);
        yield return !Mine || group.Role != GroupRole.None
            ? group
            : throw new P2PShareException(ErrorCode.NotMember, $"You are not in the group '{group.Name}', and have not asked to join it.");
    }
}
