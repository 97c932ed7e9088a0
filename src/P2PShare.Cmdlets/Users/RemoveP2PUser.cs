using System.Management.Automation;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.Users;

/// <summary>Deletes the session's user for good, and ends the session.</summary>
/// <remarks>
/// The account, its memberships, join requests, shares and sessions are deleted; files that no other user shares are no longer
/// listed. The files themselves stay on this machine. A user who owns groups is not deleted: hand them over with
/// Set-P2PGroupOwner, or delete them with Remove-P2PGroup, first. The session's peer server is stopped. Because a deletion
/// cannot be undone, it has to be confirmed; -Confirm:$false deletes without asking.
/// </remarks>
/// <example>
/// <code>Remove-P2PUser</code>
/// <para>Asks, then deletes the user of the default session.</para>
/// </example>
/// <example>
/// <code>Get-P2PGroup | Where-Object Role -eq Owner | Remove-P2PGroup -Confirm:$false; Remove-P2PUser -Confirm:$false</code>
/// <para>Deletes the groups that the user owns, and then the user, without asking.</para>
/// </example>
[Cmdlet(VerbsCommon.Remove, "P2PUser", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(P2PUser))]
public sealed class RemoveP2PUser : SessionCmdlet
{
    /// <summary>Writes the deleted user; by default nothing is written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var session = CurrentSession;
        var user = new P2PUser(session.UserName, session.Tracker);
        if (!ShouldProcess($"{session.UserName} at {session.Tracker}", "Delete user"))
        {
            return;
        }

        await TryAsync(session.UserName, async () =>
        {
            await session.Client.RemoveUserAsync(cancellationToken);
            RunspaceState.Current.Remove(session);
            // The tracker has ended the session already.
            await session.DisconnectAsync(cancellationToken);
            if (PassThru)
            {
                WriteObject(user);
            }
        });
    }
}
