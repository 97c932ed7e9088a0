using System.Management.Automation;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Tracker;

/// <summary>Logs in at a tracker; the session becomes the default of this runspace.</summary>
/// <remarks>
/// <para>Writes the session, which every other cmdlet uses unless -Session names another. A runspace can have several
/// sessions, of different users and at different trackers; the last one is the default. The password is sent once, over
/// HTTPS, and is not kept.</para>
/// <para>A tracker is trusted if the system trusts its certificate, if -Fingerprint or -TrackerInfo gives its fingerprint, if
/// Start-P2PTracker started it in this runspace, or if the user agreed to it before. Otherwise the user is asked at the
/// console, and the answer is remembered in the state folder. If the session is not interactive, the connection is refused
/// with TrackerCertificateUntrusted, unless -TrustOnFirstUse is given. A tracker that presents another key than the one that
/// was remembered is refused with TrackerCertificateChanged, even if the system trusts it; Remove-P2PTrackerFingerprint forgets the
/// old one.</para>
/// <para>With -TrackerInfo the trackers are tried from the first one on, now and whenever the tracker in use does not answer or
/// reports that it is unavailable. The session continues at the next tracker; its Tracker property has the address. If no
/// tracker answers, commands retry for up to 15 seconds. A tracker with a wrong fingerprint is skipped with a warning.
/// WrongCredentials is the same error for an unknown user and a wrong password; after TooManyAttempts wait some minutes. A
/// session ends with Disconnect-P2PTracker, when its password is changed elsewhere, or when it was not used for a long time
/// (thirty days, unless the operator chose otherwise): then connect again.</para>
/// </remarks>
/// <example>
/// <code>Connect-P2PTracker tracker.example:8001 -Credential alice</code>
/// <para>Asks for the password of alice, and the first time whether the tracker's fingerprint is correct.</para>
/// </example>
/// <example>
/// <code>
/// $session = Connect-P2PTracker -TrackerInfo ./tracker_info.txt -Credential (Import-Clixml ./alice.xml)
/// Get-P2PFile -Group builds -Session $session
/// </code>
/// <para>Logs in from a script: trackers and fingerprints come from a file, and the credential from a file that Export-Clixml
/// wrote.</para>
/// </example>
/// <example>
/// <code>Get-P2PTracker | Connect-P2PTracker -Credential alice -StatePath ./alice</code>
/// <para>Logs in at the tracker that this runspace runs: address and fingerprint come from the pipeline. The state folder is
/// separate from that of other users of this machine.</para>
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
