using System.Management.Automation;
using System.Security;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Cmdlets.Tracker;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Users;

/// <summary>Makes an account at a tracker; Connect-P2PTracker then logs in.</summary>
[Cmdlet(VerbsCommon.New, "P2PUser", DefaultParameterSetName = CredentialSet, SupportsShouldProcess = true)]
[OutputType(typeof(P2PUser))]
public sealed class NewP2PUser : TrackerCmdlet
{
    // Rows of a table, or credentials, make accounts. Connect-P2PTracker does without: it would then not ask for what is
    // missing when a tracker is piped to it.

    /// <summary>User name.</summary>
    [Parameter(Mandatory = true, ParameterSetName = UserNameSet, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public override string? UserName { get; set; }

    /// <summary>Password.</summary>
    [Parameter(Mandatory = true, ParameterSetName = UserNameSet, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNull]
    public override SecureString? Password { get; set; }

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
                ErrorCode.NotLoggedIn, "This runspace has no session whose tracker could be meant. Name the tracker with -Tracker host:port.");
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
                await session!.Client.CreateUserAsync(name, GivenPassword, cancellationToken);
            }
            else
            {
                var client = await WithTrackerAsync(
                    addresses, OpenState(), client => client.CreateUserAsync(name, GivenPassword, cancellationToken));
                client.Dispose();
            }

            WriteObject(new P2PUser(name, tracker));
        });
    }
}
