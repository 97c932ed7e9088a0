using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.GroupMembers;

/// <summary>Gets the members of groups.</summary>
/// <remarks>
/// Only members of a group can list its members. Wildcards select among the groups that the session's user is in and among
/// their members. A pattern that matches nothing is not an error; a name without wildcards that does not exist is one.
/// </remarks>
/// <example>
/// <code>Get-P2PGroupMember dev</code>
/// <para>Lists the members of the group dev, with their role and the time at which they joined.</para>
/// </example>
/// <example>
/// <code>Get-P2PGroupMember -UserName bob | Select-Object -ExpandProperty Group</code>
/// <para>Writes the names of the groups that the user has in common with bob.</para>
/// </example>
/// <example>
/// <code>Get-P2PGroup web* | Get-P2PGroupMember | Group-Object UserName -NoElement</code>
/// <para>Counts for each user the web groups of which the user is a member.</para>
/// </example>
[Cmdlet(VerbsCommon.Get, "P2PGroupMember")]
[OutputType(typeof(P2PGroupMember))]
public sealed class GetP2PGroupMember : GroupListingCmdlet<P2PGroupMember>
{
    /// <summary>Names of members, wildcards allowed; all if it is left out. A member who is named twice is written once.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(MemberCompleter))]
    public override string[] UserName { get; set; } = ["*"];

    private protected override bool MayList(GroupResponse group) => GroupSelection.IsInside(group);

    private protected override IAsyncEnumerable<P2PGroupMember> ListAsync(string group, string prefix, CancellationToken cancellationToken) =>
        CurrentSession.Client.ListMembersAsync(group, new ListQuery(prefix), cancellationToken).Select(member => new P2PGroupMember(member));

    private protected override string UserNameOf(P2PGroupMember item) => item.UserName;

    private protected override object KeyOf(P2PGroupMember item) => (item.Group, item.UserName);

    private protected override P2PShareException NotFound(string user, string where) =>
        new(ErrorCode.MemberNotFound, $"'{user}' is not a member of {where}.");
}
