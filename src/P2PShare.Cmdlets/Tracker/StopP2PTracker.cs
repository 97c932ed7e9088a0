using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.Tracker;

/// <summary>Stops trackers that this runspace runs.</summary>
/// <remarks>
/// <para>Requests in progress are answered, for at most five seconds. The tracker's data folder stays, and the next
/// Start-P2PTracker with the same folder has the same accounts, groups and fingerprint. Running transfers continue without
/// their tracker until their tickets expire.</para>
/// <para>Nothing happens if no tracker runs. Get-Job lists the job, as Stopped, until Remove-Job removes it.</para>
/// </remarks>
/// <example>
/// <code>Stop-P2PTracker</code>
/// <para>Stops all trackers of this runspace.</para>
/// </example>
/// <example>
/// <code>Get-P2PTracker | Where-Object Address -like *:8002 | Stop-P2PTracker -PassThru</code>
/// <para>Stops the tracker on port 8002 and writes it.</para>
/// </example>
[Cmdlet(VerbsLifecycle.Stop, "P2PTracker", SupportsShouldProcess = true)]
[OutputType(typeof(P2PTracker))]
public sealed class StopP2PTracker : AsyncCmdlet
{
    /// <summary>
    /// The trackers, from Start-P2PTracker or Get-P2PTracker; all that this runspace runs if it is left out.
    /// </summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public P2PTracker[]? InputObject { get; set; }

    /// <summary>Writes each stopped tracker; by default nothing is written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var jobs = InputObject?.Select(tracker => tracker.TrackerJob) ?? RunspaceState.Current.GetJobs<TrackerJob>();
        foreach (var job in jobs.Where(job => !job.IsFinished))
        {
            if (ShouldProcess(job.Location, "Stop tracker"))
            {
                await job.StopAsync().WaitAsync(cancellationToken);
                if (PassThru)
                {
                    WriteObject(new P2PTracker(job));
                }
            }
        }
    }
}
