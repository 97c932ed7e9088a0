using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.Tracker;

/// <summary>Stops trackers that this runspace runs. What they know stays in their data folder.</summary>
[Cmdlet(VerbsLifecycle.Stop, "P2PTracker", SupportsShouldProcess = true)]
[OutputType(typeof(P2PTracker))]
public sealed class StopP2PTracker : AsyncCmdlet
{
    /// <summary>The trackers, from Get-P2PTracker; else all that this runspace runs.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public P2PTracker[]? InputObject { get; set; }

    /// <summary>Writes each tracker that was stopped; else nothing is written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var jobs = InputObject?.Select(tracker => tracker.TrackerJob) ?? RunspaceState.Current.GetJobs<TrackerJob>();
        foreach (var job in jobs.Where(job => !job.IsFinished))
        {
            if (ShouldProcess(job.Location, "Stop tracker"))
            {
                await Task.Run(job.StopJob, cancellationToken);
                if (PassThru)
                {
                    WriteObject(new P2PTracker(job));
                }
            }
        }
    }
}
