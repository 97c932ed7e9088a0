using System.Management.Automation;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Groups;

/// <summary>Asks the owners of groups for membership.</summary>
/// <remarks>
/// <para>Creates a join request for each group. The owner lists requests with Get-P2PJoinRequest and answers with
/// Approve-P2PJoinRequest or Deny-P2PJoinRequest. Until then the user's role in the group is Requested, and its files are
/// not visible. A second request changes nothing. Exit-P2PGroup withdraws a request.</para>
/// <para>For a member of the group it is the error AlreadyMember. A pattern selects among groups in which the user's role
/// is None.</para>
/// </remarks>
/// <example>
/// <code>Join-P2PGroup builds</code>
/// <para>Asks to join the group builds, and writes the request.</para>
/// </example>
/// <example>
/// <code>Join-P2PGroup web-*</code>
/// <para>Asks to join each group whose name begins with web-.</para>
/// </example>
/// <example>
/// <code>(Get-P2PGroup builds).Role</code>
/// <para>Shows whether the request was approved: Requested becomes Member.</para>
/// </example>
[Cmdlet(VerbsCommon.Join, "P2PGroup", SupportsShouldProcess = true)]
[OutputType(typeof(P2PJoinRequest))]
public sealed class JoinP2PGroup : GroupCmdlet
{
    private protected override string Action => "Ask to join group";

    private protected override bool IsOfMine => false;

    private protected override bool IsMeant(GroupResponse group) => group.Role == GroupRole.None;

    private protected override async Task ActAsync(string group, CancellationToken cancellationToken) =>
        WriteObject(new P2PJoinRequest(await CurrentSession.Client.RequestJoinAsync(group, cancellationToken)));
}
