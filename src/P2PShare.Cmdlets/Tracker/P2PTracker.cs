using System.Management.Automation;
using P2PShare.Cmdlets.Tracker;

namespace P2PShare;

/// <summary>A tracker that this shell runs.</summary>
public sealed class P2PTracker
{
    internal P2PTracker(TrackerJob job) => TrackerJob = job;

    /// <summary>Where it listens, <c>host:port</c>.</summary>
    public string Address => TrackerJob.Location;

    /// <summary>Of its certificate: what clients pin.</summary>
    public string Fingerprint => TrackerJob.Fingerprint;

    public JobState State => TrackerJob.JobStateInfo.State;

    public int ProcessId => TrackerJob.ProcessId;

    /// <summary>The job it runs in; Receive-Job gives what it logs.</summary>
    public Job Job => TrackerJob;

    internal TrackerJob TrackerJob { get; }

    public override string ToString() => Address;
}
