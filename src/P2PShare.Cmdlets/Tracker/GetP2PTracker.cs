using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.Tracker;

/// <summary>Gets the trackers that this runspace runs.</summary>
/// <remarks>
/// <para>Writes the trackers that Start-P2PTracker started in this runspace and that still run. Trackers of other shells and
/// machines are not known here; a session has the address of the tracker that it uses.</para>
/// </remarks>
/// <example>
/// <code>Get-P2PTracker</code>
/// <para>Shows the running trackers with their address, state and job.</para>
/// </example>
/// <example>
/// <code>Get-P2PTracker | ForEach-Object { "$($_.Address) $($_.Fingerprint)" } | Set-Content ./tracker_info.txt</code>
/// <para>Writes the file from which clients read the addresses and fingerprints of these trackers.</para>
/// </example>
/// <example>
/// <code>(Get-P2PTracker).Job | Receive-Job</code>
/// <para>Writes what the tracker has logged since the last call.</para>
/// </example>
[Cmdlet(VerbsCommon.Get, "P2PTracker")]
[OutputType(typeof(P2PTracker))]
public sealed class GetP2PTracker : AsyncCmdlet
{
    protected override Task EndAsync(CancellationToken cancellationToken)
    {
        foreach (var job in RunspaceState.Current.GetJobs<TrackerJob>().Where(job => !job.IsFinished))
        {
            WriteObject(new P2PTracker(job));
        }

        return Task.CompletedTask;
    }
}
