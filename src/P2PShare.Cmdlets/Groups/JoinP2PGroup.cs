using System.Management.Automation;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Groups;

/// <summary>Asks the owners of groups to be let in.</summary>
/// <remarks>
/// <para>Makes a join request at each group. The owner sees it with Get-P2PJoinRequest, and answers with
/// Approve-P2PJoinRequest or Deny-P2PJoinRequest; until then the Role of the group is Requested and its files are not
/// seen. Asking twice changes nothing. Exit-P2PGroup takes the request back.</para>
/// <para>Who is in the group already gets the error AlreadyMember. A pattern means groups that one is not in and did not
/// ask for.</para>
/// </remarks>
/// <example>
/// <code>Join-P2PGroup builds</code>
/// <para>Asks to join the group builds, and writes the request.</para>
/// </example>
/// <example>
/// <code>Join-P2PGroup web-*</code>
/// <para>Asks to join each group whose name begins so.</para>
/// </example>
/// <example>
/// <code>(Get-P2PGroup builds).Role</code>
/// <para>Tells whether one was let in: Requested becomes Member.</para>
/// </example>
[Cmdlet(VerbsCommon.Join, "P2PGroup", SupportsShouldProcess = true)]
[OutputType(typeof(P2PJoinRequest))]
public sealed class JoinP2PGroup : GroupCmdlet
{
    private protected override string Action => "Ask to join group";

    private protected override bool IsMeant(GroupResponse group) => group.Role == GroupRole.None;

    private protected override async Task ActAsync(string group, CancellationToken cancellationToken) =>
        WriteObject(new P2PJoinRequest(await CurrentSession.Client.RequestJoinAsync(group, cancellationToken)));
}
