using System.Management.Automation;
using P2PShare.Cmdlets.Tracker;

namespace P2PShare;

/// <summary>A tracker that this shell runs.</summary>
public sealed class P2PTracker
{
    internal P2PTracker(TrackerJob job) => TrackerJob = job;

    /// <summary>Where clients dial it, <c>host:port</c>; where it listens on all addresses, the first of this machine that others can dial.</summary>
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
