using System.Management.Automation;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Groups;

/// <summary>Leaves groups, or withdraws requests to join them.</summary>
/// <remarks>
/// <para>A user who leaves a group can no longer see or receive its files, and files that only this user shared there are
/// no longer listed. Received files stay. Running transfers with the group end within about a minute. To become a member
/// again, the user has to ask again.</para>
/// <para>The owner cannot leave (OwnerCannotLeave): hand the group over with Set-P2PGroupOwner, or delete it with
/// Remove-P2PGroup. A pattern does not select groups that the user owns.</para>
/// </remarks>
/// <example>
/// <code>Exit-P2PGroup builds</code>
/// <para>Leaves the group builds.</para>
/// </example>
/// <example>
/// <code>Get-P2PGroup | Where-Object Role -eq Requested | Exit-P2PGroup</code>
/// <para>Withdraws all requests that are not answered yet.</para>
/// </example>
[Cmdlet(VerbsCommon.Exit, "P2PGroup", SupportsShouldProcess = true)]
[Alias("Leave-P2PGroup")]
[OutputType(typeof(P2PGroup))]
public sealed class ExitP2PGroup : GroupCmdlet
{
    /// <summary>Writes each group as it is afterwards; by default nothing is written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override string Action => "Leave group";

    // The owner cannot leave.
    private protected override bool IsMeant(GroupResponse group) => group.Role is GroupRole.Member or GroupRole.Requested;

    private protected override async Task ActAsync(string group, CancellationToken cancellationToken)
    {
        try
        {
            await LeaveAsync(group, () => CurrentSession.Client.LeaveGroupAsync(group, cancellationToken));
        }
        catch (P2PShareException e) when (e.Code == ErrorCode.NotMember)
        {
            if (!await WithdrawAsync(group, cancellationToken))
            {
                throw;
            }
        }

        if (PassThru)
        {
            WriteObject(new P2PGroup(await CurrentSession.Client.GetGroupAsync(group, cancellationToken)));
        }
    }

    private async Task<bool> WithdrawAsync(string group, CancellationToken cancellationToken)
    {
        try
        {
            await CurrentSession.Client.DenyJoinAsync(group, CurrentSession.UserName, cancellationToken);
            return true;
        }
        catch (P2PShareException e) when (e.Code == ErrorCode.JoinRequestNotFound)
        {
            return false;
        }
    }
}
