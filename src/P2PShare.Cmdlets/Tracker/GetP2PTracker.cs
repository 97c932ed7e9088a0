using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.Tracker;

/// <summary>Gets the trackers that this runspace runs.</summary>
/// <remarks>
/// <para>Only trackers that Start-P2PTracker started in this runspace and that still run are written; nothing where there
/// is none. Trackers of other shells and other machines are not known here: a session names the one that it uses.</para>
/// </remarks>
/// <example>
/// <code>Get-P2PTracker</code>
/// <para>Shows the trackers that run, with their address, their state and the job they run in.</para>
/// </example>
/// <example>
/// <code>Get-P2PTracker | ForEach-Object { "$($_.Address) $($_.Fingerprint)" } | Set-Content ./tracker_info.txt</code>
/// <para>Writes the file by which clients find these trackers and know their certificates.</para>
/// </example>
/// <example>
/// <code>(Get-P2PTracker).Job | Receive-Job</code>
/// <para>Shows what the tracker has logged since one last looked.</para>
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
