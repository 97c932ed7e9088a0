using System.Management.Automation;
using P2PShare.Cmdlets.Tracker;

namespace P2PShare;

/// <summary>A tracker that this runspace runs.</summary>
public sealed class P2PTracker
{
    internal P2PTracker(TrackerJob job) => TrackerJob = job;

    /// <summary>The address at which clients connect, <c>host:port</c>. If it listens on all addresses, the first one that other machines can reach.</summary>
    public string Address => TrackerJob.Location;

    /// <summary>The fingerprint of its certificate, which clients pin.</summary>
    public string Fingerprint => TrackerJob.Fingerprint;

    public JobState State => TrackerJob.JobStateInfo.State;

    public int ProcessId => TrackerJob.ProcessId;

    /// <summary>The job in which it runs; Receive-Job returns its log.</summary>
    public Job Job => TrackerJob;

    internal TrackerJob TrackerJob { get; }

    public override string ToString() => Address;
}
