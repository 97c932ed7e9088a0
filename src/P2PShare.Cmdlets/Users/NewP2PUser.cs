using System.Management.Automation;
using System.Security;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Cmdlets.Tracker;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Users;

/// <summary>Creates an account at a tracker.</summary>
/// <remarks>
/// <para>Everyone who can reach a tracker can create an account, unless its operator decided otherwise: some trackers require
/// an invitation from the operator (-Invitation), and at some only the operator creates accounts. A new account is not a member
/// of any group: Connect-P2PTracker logs in, and Join-P2PGroup asks a group's owner for membership. A tracker is trusted under
/// the same conditions as with Connect-P2PTracker. Without -Tracker and -TrackerInfo it is the tracker of -Session, or of the
/// runspace's default session.</para>
/// <para>A name that is taken, also in another case, is the error UserNameTaken. A password that is too short, too long or
/// equal to the name is InvalidPassword; a missing, wrong, used or expired invitation is InvalidInvitation; a tracker at which
/// only the operator creates accounts is RegistrationClosed. Each row of a table on the pipeline is tried: a row that fails
/// does not affect the others.</para>
/// </remarks>
/// <example>
/// <code>New-P2PUser tracker.example:8001 -Credential alice</code>
/// <para>Asks for a password, and creates the account alice.</para>
/// </example>
/// <example>
/// <code>
/// $password = Read-Host 'Password for bob' -AsSecureString
/// New-P2PUser tracker.example:8001 -UserName bob -Password $password -TrustOnFirstUse
/// </code>
/// <para>Creates an account from a script, at a tracker that is not known yet.</para>
/// </example>
/// <example>
/// <code>Import-Csv ./team.csv | Select-Object UserName, @{ Name = 'Password'; Expression = { Get-Secret $_.UserName } } | New-P2PUser</code>
/// <para>Creates an account at the tracker of the current session for each row of a table, with passwords from a
/// vault.</para>
/// </example>
/// <example>
/// <code>
/// $invitation = Read-Host 'Invitation' -AsSecureString
/// New-P2PUser tracker.example:8001 -Credential alice -Invitation $invitation
/// </code>
/// <para>Creates an account at a tracker that requires an invitation.</para>
/// </example>
[Cmdlet(VerbsCommon.New, "P2PUser", DefaultParameterSetName = CredentialSet, SupportsShouldProcess = true)]
[OutputType(typeof(P2PUser))]
public sealed class NewP2PUser : TrackerCmdlet
{
    // Rows of a table become accounts. Connect-P2PTracker does not take these by property name: with a tracker on the pipeline
    // it would not ask for what is missing.

    /// <summary>
    /// The name of the user: 1 to 64 letters, digits, <c>.</c>, <c>_</c> or <c>-</c>; names that differ only in case are the
    /// same.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = UserNameSet, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public override string? UserName { get; set; }

    /// <summary>The password: 8 to 256 characters, and not the user name. As Read-Host -AsSecureString returns it.</summary>
    [Parameter(Mandatory = true, ParameterSetName = UserNameSet, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNull]
    public override SecureString? Password { get; set; }

    /// <summary>
    /// An invitation from the tracker's operator, if the tracker requires one, as Read-Host -AsSecureString returns it. One
    /// invitation for several accounts is enough for several rows of the pipeline.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNull]
    public SecureString? Invitation { get; set; }

    /// <summary>The session at whose tracker the account is created if neither -Tracker nor -TrackerInfo is given; by default the runspace's default session.</summary>
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
