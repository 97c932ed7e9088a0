using System.Management.Automation;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Tracker;

/// <summary>Logs in at a tracker; the session becomes the default of this runspace.</summary>
/// <remarks>
/// <para>Writes the session, which every other cmdlet uses unless it is given another with -Session. A runspace can have
/// several sessions, of different users and at different trackers; the last one is the default. The password is sent
/// once, over HTTPS, and kept nowhere.</para>
/// <para>A tracker is trusted when the system trusts its certificate, when -Fingerprint or -TrackerInfo names its
/// fingerprint, or when it was agreed to before. Otherwise a person at the console is asked, and the answer is remembered
/// in the state folder; where nobody can be asked the connection is refused with TrackerCertificateUntrusted, unless
/// -TrustOnFirstUse is given. A tracker that shows another key than before is refused with
/// TrackerCertificateChanged.</para>
/// <para>With -TrackerInfo the trackers are tried from the first on, now and whenever the one in use stops answering or says
/// that it cannot; the session goes on at the next, and its Tracker says which. Where none answers, commands wait for up to 15
/// seconds for one that comes back. A line with a wrong fingerprint is passed over with a warning.
/// WrongCredentials is the same error for an unknown user and a wrong password; TooManyAttempts means to wait some
/// minutes. A session ends with Disconnect-P2PTracker, when its password is changed elsewhere, or when it was not used
/// for a long time (thirty days, unless the operator chose otherwise): then connect again.</para>
/// </remarks>
/// <example>
/// <code>Connect-P2PTracker tracker.example:8001 -Credential alice</code>
/// <para>Asks for the password of alice, and the first time whether the tracker's fingerprint is the right one.</para>
/// </example>
/// <example>
/// <code>
/// $session = Connect-P2PTracker -TrackerInfo ./tracker_info.txt -Credential (Import-Clixml ./alice.xml)
/// Get-P2PFile -Group builds -Session $session
/// </code>
/// <para>Logs in from a script: trackers and fingerprints come from a file, name and password from one that Export-Clixml
/// wrote.</para>
/// </example>
/// <example>
/// <code>Get-P2PTracker | Connect-P2PTracker -Credential alice -StatePath ./alice</code>
/// <para>Logs in at the tracker that this runspace runs: address and fingerprint come from the pipeline. The state is
/// kept apart from that of others on this machine.</para>
/// </example>
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
                ErrorCode.InvalidTrackerAddress, "No tracker was given: its address, host:port, or a file of trackers was expected.");
        }

        var state = OpenState();
        var (client, warnings) = await WithTrackerAsync(
            addresses, state, client => client.LoginAsync(GivenUserName, GivenPassword, cancellationToken));
        var session = new P2PSession(client, warnings, state);
        RunspaceState.Current.Add(session);
        WriteObject(session);
    }
}
