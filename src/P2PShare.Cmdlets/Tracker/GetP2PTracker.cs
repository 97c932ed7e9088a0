using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.Tracker;

/// <summary>Gets the trackers that this runspace runs.</summary>
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
