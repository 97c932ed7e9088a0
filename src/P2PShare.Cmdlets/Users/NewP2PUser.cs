using System.Management.Automation;
using System.Security;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Cmdlets.Tracker;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Users;

/// <summary>Makes an account at a tracker.</summary>
/// <remarks>
/// <para>Anybody who reaches a tracker can make an account, unless its operator decided otherwise: some want an invitation
/// of the operator's (-Invitation), and at some only the operator makes accounts. An account may do nothing yet: Connect-P2PTracker logs in, and
/// Join-P2PGroup asks a group's owner to be let in. Whether a tracker is trusted is decided as with Connect-P2PTracker;
/// without -Tracker and -TrackerInfo it is the tracker of -Session, or of the runspace's default session.</para>
/// <para>A name that is taken is the error UserNameTaken, also where the case differs. A password that is too short, too
/// long or the same as the name is InvalidPassword; a missing, wrong, used or expired invitation is InvalidInvitation, and
/// RegistrationClosed is a tracker at which only the operator makes accounts. With a table on the pipeline each row is tried: one that fails does
/// not keep back the others.</para>
/// </remarks>
/// <example>
/// <code>New-P2PUser tracker.example:8001 -Credential alice</code>
/// <para>Asks for a password, and makes the account alice.</para>
/// </example>
/// <example>
/// <code>
/// $password = Read-Host 'Password for bob' -AsSecureString
/// New-P2PUser tracker.example:8001 -UserName bob -Password $password -TrustOnFirstUse
/// </code>
/// <para>Makes an account from a script whose tracker was never seen before.</para>
/// </example>
/// <example>
/// <code>Import-Csv ./team.csv | Select-Object UserName, @{ Name = 'Password'; Expression = { Get-Secret $_.UserName } } | New-P2PUser</code>
/// <para>Makes an account at the tracker of the current session for each row of a table, with passwords from a
/// vault.</para>
/// </example>
/// <example>
/// <code>
/// $invitation = Read-Host 'Invitation' -AsSecureString
/// New-P2PUser tracker.example:8001 -Credential alice -Invitation $invitation
/// </code>
/// <para>Makes an account at a tracker that wants an invitation.</para>
/// </example>
[Cmdlet(VerbsCommon.New, "P2PUser", DefaultParameterSetName = CredentialSet, SupportsShouldProcess = true)]
[OutputType(typeof(P2PUser))]
public sealed class NewP2PUser : TrackerCmdlet
{
    // Rows of a table, or credentials, make accounts. Connect-P2PTracker does without: it would then not ask for what is
    // missing when a tracker is piped to it.

    /// <summary>
    /// The name of the user: 1 to 64 letters, digits, <c>.</c>, <c>_</c> or <c>-</c>; two that differ in case only are
    /// the same.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = UserNameSet, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public override string? UserName { get; set; }

    /// <summary>The password: 8 to 256 characters, and not the user name. As Read-Host -AsSecureString gives it.</summary>
    [Parameter(Mandatory = true, ParameterSetName = UserNameSet, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNull]
    public override SecureString? Password { get; set; }

    /// <summary>
    /// The invitation that the tracker's operator gave out, where the tracker wants one. As Read-Host -AsSecureString gives
    /// it; one that is good for several accounts can serve all that the pipeline brings.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNull]
    public SecureString? Invitation { get; set; }

    /// <summary>The session whose tracker gets the account where neither -Tracker nor -TrackerInfo is given; else the runspace's default.</summary>
    [Parameter]
    [ValidateNotNull]
    public P2PSession? Session { get; set; }

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var name = GivenUserName;
        var addresses = ReadAddresses();
        var session = Session ?? RunspaceState.Current.DefaultSession;
        if (addresses.Count == 0 && session is not { Connected: true })
        {
            throw new P2PShareException(
                ErrorCode.NotLoggedIn, "No tracker was given, and this runspace has no session at one.");
        }

        var tracker = addresses.Count > 0 ? addresses[0].Authority : session!.Tracker;
        if (!ShouldProcess($"{name} at {tracker}", "Create user"))
        {
            return;
        }

        await TryAsync(name, async () =>
        {
            if (addresses.Count == 0)
            {
                await session!.Client.CreateUserAsync(name, GivenPassword, Invitation, cancellationToken);
            }
            else
            {
                var (client, _) = await WithTrackerAsync(
                    addresses, OpenState(), client => client.CreateUserAsync(name, GivenPassword, Invitation, cancellationToken));
                client.Dispose();
            }

            WriteObject(new P2PUser(name, tracker));
        });
    }
}
