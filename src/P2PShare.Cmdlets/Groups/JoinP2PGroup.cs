using System.Management.Automation;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Groups;

/// <summary>Asks the owners of groups to be let in.</summary>
[Cmdlet(VerbsCommon.Join, "P2PGroup", SupportsShouldProcess = true)]
[OutputType(typeof(P2PJoinRequest))]
public sealed class JoinP2PGroup : GroupCmdlet
{
    private protected override string Action => "Ask to join group";

    private protected override bool IsMeant(GroupResponse group) => group.Role == GroupRole.None;

    private protected override async Task ActAsync(string group, CancellationToken cancellationToken) =>
        WriteObject(new P2PJoinRequest(await CurrentSession.Client.RequestJoinAsync(group, cancellationToken)));
}
