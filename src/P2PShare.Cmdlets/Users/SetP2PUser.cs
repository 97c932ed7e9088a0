using System.Management.Automation;
using System.Security;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.Users;

/// <summary>Changes the password of the session's user.</summary>
/// <remarks>
/// The session, its peer server and its downloads continue; every other session of the user ends, also on other machines.
/// Passwords that are not given are asked for. After several wrong passwords the tracker refuses further attempts for some
/// minutes, as at a login.
/// </remarks>
/// <example>
/// <code>Set-P2PUser</code>
/// <para>Asks for the current and the new password, and changes it.</para>
/// </example>
/// <example>
/// <code>Set-P2PUser -CurrentPassword (Get-Secret p2pshare) -NewPassword (Get-Secret p2pshare-next) -PassThru</code>
/// <para>Changes the password from a script that keeps secrets in a vault, and writes the user.</para>
/// </example>
[Cmdlet(VerbsCommon.Set, "P2PUser", SupportsShouldProcess = true)]
[OutputType(typeof(P2PUser))]
public sealed class SetP2PUser : SessionCmdlet
{
    /// <summary>The current password.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNull]
    public SecureString? CurrentPassword { get; set; }

    /// <summary>The new password: 8 to 256 characters, and not the user name.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNull]
    public SecureString? NewPassword { get; set; }

    /// <summary>Writes the user; by default nothing is written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var session = CurrentSession;
        if (!ShouldProcess($"{session.UserName} at {session.Tracker}", "Change password"))
        {
            return;
        }

        await TryAsync(session.UserName, async () =>
        {
            await session.Client.ChangePasswordAsync(CurrentPassword!, NewPassword!, cancellationToken);
            if (PassThru)
            {
                WriteObject(new P2PUser(session.UserName, session.Tracker));
            }
        });
    }
}
