using System.Management.Automation;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Tracker;

/// <summary>Logs in at a tracker; the session becomes the runspace's default.</summary>
[Cmdlet(VerbsCommunications.Connect, "P2PTracker", DefaultParameterSetName = CredentialSet)]
[OutputType(typeof(P2PSession))]
public sealed class ConnectP2PTracker : TrackerCmdlet
{
    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var addresses = ReadAddresses();
        if (addresses.Count == 0)
        {
            throw new P2PShareException(
                ErrorCode.InvalidTrackerAddress, "No tracker was given. Name one as host:port, or a file of trackers with -TrackerInfo.");
        }

        var state = OpenState();
        var client = await WithTrackerAsync(
            addresses, state, client => client.LoginAsync(GivenUserName, GivenPassword, cancellationToken));
        var session = new P2PSession(client, state);
        RunspaceState.Current.Add(session);
        WriteObject(session);
    }
}
