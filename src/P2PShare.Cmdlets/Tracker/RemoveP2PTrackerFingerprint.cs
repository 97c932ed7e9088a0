using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;

namespace P2PShare.Cmdlets.Tracker;

/// <summary>Forgets the fingerprint that was remembered for a tracker.</summary>
/// <remarks>
/// <para>A tracker that shows another certificate than the one that was remembered is refused with TrackerCertificateChanged, also if a
/// certificate authority of this system vouches for the new one. If the tracker's operator confirms the change, forget the fingerprint and
/// connect again: a certificate of a certificate authority is then accepted by itself, and nothing is remembered of it, so that it
/// can be renewed; for any other the user is asked, as for an unknown tracker.</para>
/// <para>It asks before it forgets, because the fingerprint is what shows that another machine intercepts the connection; -Confirm:$false
/// does not ask. A tracker that was not remembered is the error TrackerFingerprintNotFound. If the new fingerprint is known, this is not needed:
/// Connect-P2PTracker -Fingerprint replaces the old one.</para>
/// </remarks>
/// <example>
/// <code>Remove-P2PTrackerFingerprint tracker.example:8001</code>
/// <para>Asks, and forgets the fingerprint of the tracker in the state folder that is used without -StatePath.</para>
/// </example>
/// <example>
/// <code>
/// Remove-P2PTrackerFingerprint tracker.example:8001 -Confirm:$false
/// Connect-P2PTracker tracker.example:8001 -Credential alice
/// </code>
/// <para>Follows a tracker that moved to a certificate of a certificate authority.</para>
/// </example>
[Cmdlet(VerbsCommon.Remove, "P2PTrackerFingerprint", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(string))]
public sealed class RemoveP2PTrackerFingerprint : AsyncCmdlet
{
    /// <summary>The tracker, <c>host:port</c>, as it was connected to; the port is 8001 if it is left out.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Address")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(KnownTrackerCompleter))]
    public string Tracker { get; set; } = "";

    /// <summary>The state folder, as that of Connect-P2PTracker. A path without wildcards.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? StatePath { get; set; }

    /// <summary>Writes the address of each tracker that was forgotten; by default nothing is written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override Task ProcessAsync(CancellationToken cancellationToken) => TryAsync(Tracker, () =>
    {
        var address = TrackerAddress.Parse(Tracker);
        var known = KnownTrackers.In(
            StatePath is null ? null : ProviderPath.Resolve(SessionState, StatePath, nameof(StatePath), ErrorCode.StateFolderUnusable));
        var fingerprint = known.Find(address) ?? throw new P2PShareException(
            ErrorCode.TrackerFingerprintNotFound, $"No fingerprint is remembered for the tracker {address.Authority} in '{known.Path}'.");
        if (ShouldProcess($"{address.Authority} with the fingerprint {fingerprint}", "Forget the tracker"))
        {
            known.Forget(address);
            if (PassThru)
            {
                WriteObject(address.Authority);
            }
        }

        return Task.CompletedTask;
    });
}
