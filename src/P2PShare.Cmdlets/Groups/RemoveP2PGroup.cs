using System.Management.Automation;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Groups;

/// <summary>Deletes groups for good. Only the owner can.</summary>
/// <remarks>
/// A group's memberships, join requests and list of files are deleted with it. Running transfers between its members end.
/// The files themselves stay on the machines that shared or received them. Because a deletion cannot be undone, each one has
/// to be confirmed; -Confirm:$false deletes without asking.
/// </remarks>
/// <example>
/// <code>Remove-P2PGroup dev</code>
/// <para>Asks, then deletes the group dev.</para>
/// </example>
/// <example>
/// <code>Get-P2PGroup test-* | Where-Object MemberCount -eq 1 | Remove-P2PGroup -Confirm:$false</code>
/// <para>Deletes test groups that the user owns and that have no other member, without asking.</para>
/// </example>
[Cmdlet(VerbsCommon.Remove, "P2PGroup", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(P2PGroup))]
public sealed class RemoveP2PGroup : GroupCmdlet
{
    /// <summary>Writes each deleted group as it was; by default nothing is written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override string Action => "Delete group";

    private protected override bool IsMeant(GroupResponse group) => GroupSelection.IsOwned(group);

    private protected override async Task ActAsync(string group, CancellationToken cancellationToken)
    {
        var client = CurrentSession.Client;
        var was = PassThru ? new P2PGroup(await client.GetGroupAsync(group, cancellationToken)) : null;
        await LeaveAsync(group, () => client.RemoveGroupAsync(group, cancellationToken));
        if (was is not null)
        {
            WriteObject(was);
        }
    }
}
