using System.Management.Automation;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Groups;

/// <summary>Deletes groups for good; only for their owner.</summary>
/// <remarks>
/// The memberships, the join requests and the list of the files of a group go with it. Transfers between its members that
/// run are cut off. The files themselves stay where they are, on the machines that shared or received them. Because it
/// cannot be undone, each group is asked for first; -Confirm:$false does without.
/// </remarks>
/// <example>
/// <code>Remove-P2PGroup dev</code>
/// <para>Asks, then deletes the group dev.</para>
/// </example>
/// <example>
/// <code>Get-P2PGroup test-* | Where-Object MemberCount -eq 1 | Remove-P2PGroup -Confirm:$false</code>
/// <para>Deletes one's own test groups that nobody else is in, without asking.</para>
/// </example>
[Cmdlet(VerbsCommon.Remove, "P2PGroup", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(P2PGroup))]
public sealed class RemoveP2PGroup : GroupCmdlet
{
    /// <summary>Writes each group that was deleted, as it was; else nothing is written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override string Action => "Delete group";

    private protected override bool IsMeant(GroupResponse group) => GroupSelection.IsOwned(group);

    private protected override async Task ActAsync(string group, CancellationToken cancellationToken)
    {
        var client = CurrentSession.Client;
        var was = PassThru ? new P2PGroup(await client.GetGroupAsync(group, cancellationToken)) : null;
        await client.RemoveGroupAsync(group, cancellationToken);
        if (was is not null)
        {
            WriteObject(was);
        }
    }
}
