using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;
using P2PShare.Cmdlets.Jobs;
using P2PShare.Cmdlets.Pipeline;

namespace P2PShare.Cmdlets.Sessions;

/// <summary>What the module keeps for one runspace: its sessions, and the jobs that end with it.</summary>
internal sealed class RunspaceState
{
    private static readonly ConditionalWeakTable<Runspace, RunspaceState> States = [];

    private readonly Lock _lock = new();
    private readonly List<P2PSession> _sessions = [];
    private readonly List<P2PJob> _jobs = [];

    private RunspaceState(Runspace runspace) =>
        // A runspace that closes neither stops nor disposes the jobs of a module.
        runspace.StateChanged += (_, change) =>
        {
            if (change.RunspaceStateInfo.State is System.Management.Automation.Runspaces.RunspaceState.Closing or System.Management.Automation.Runspaces.RunspaceState.Closed or System.Management.Automation.Runspaces.RunspaceState.Broken)
            {
                Stop();
            }
        };

    /// <summary>The state of the runspace whose pipeline runs on this thread.</summary>
    public static RunspaceState Current => States.GetValue(Runspace.DefaultRunspace, static runspace => new RunspaceState(runspace));

    /// <summary>The session that cmdlets use without -Session.</summary>
    public P2PSession? DefaultSession { get; private set; }

    public IReadOnlyList<P2PSession> Sessions
    {
        get
        {
            lock (_lock)
            {
                return [.. _sessions];
            }
        }
    }

    /// <summary>Stops what the module started in the current runspace.</summary>
    public static void StopCurrent()
    {
        if (Runspace.DefaultRunspace is { } runspace && States.TryGetValue(runspace, out var state))
        {
            state.Stop();
        }
    }

    public void Add(P2PSession session)
    {
        lock (_lock)
        {
            _sessions.Add(session);
            DefaultSession = session;
        }
    }

    public void Remove(P2PSession session)
    {
        lock (_lock)
        {
            _sessions.Remove(session);
            if (DefaultSession == session)
            {
                DefaultSession = null;
            }
        }
    }

    public void Add(P2PJob job)
    {
        lock (_lock)
        {
            _jobs.RemoveAll(old => old.IsFinished);
            _jobs.Add(job);
        }
    }

    public IReadOnlyList<T> GetJobs<T>()
        where T : P2PJob
    {
        lock (_lock)
        {
            return [.. _jobs.OfType<T>()];
        }
    }

    private void Stop()
    {
        P2PJob[] jobs;
        lock (_lock)
        {
            jobs = [.. _jobs];
            _jobs.Clear();
            _sessions.Clear();
            DefaultSession = null;
        }

        PipelineContext.Wait(StopAsync(jobs));
    }

    // A download needs its peer server to end, and a peer server its tracker.
    private static async Task StopAsync(P2PJob[] jobs)
    {
        foreach (var round in jobs.GroupBy(job => job.StopRound).OrderBy(round => round.Key))
        {
            await Task.WhenAll(round.Select(job => job.StopAsync(hurry: true))).ConfigureAwait(false);
        }
    }
}
