using System.Collections;
using System.Management.Automation;
using System.Reflection;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Jobs;

/// <summary>Work that goes on behind the prompt, as a job of PowerShell's.</summary>
public abstract class P2PJob : Job
{
    // Long-running jobs are often never asked for their output.
    private const int MostKept = 10_000;

    // PowerShell has it, but not for others: what one reads as JobStateInfo.Reason. Without it the fault is an error of the job's.
    private static readonly Action<Job, JobState, Exception>? SetJobStateAndReason = typeof(Job)
        .GetMethod(nameof(SetJobState), BindingFlags.Instance | BindingFlags.NonPublic, [typeof(JobState), typeof(Exception)])
        ?.CreateDelegate<Action<Job, JobState, Exception>>();

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _work = Task.CompletedTask;
    private string _status = "";
    private bool _failed;

    private protected P2PJob(string command, string name, string type)
        : base(command, name) => PSJobTypeName = type;

    public override string StatusMessage => _status;

    public override bool HasMoreData =>
        Output.Count > 0 || Error.Count > 0 || Warning.Count > 0 || Progress.Count > 0;

    /// <summary>When all are stopped, those of a lower round end before the next are stopped.</summary>
    internal virtual int StopRound => 0;

    /// <summary>How long <see cref="StopJob"/> waits for the work to end.</summary>
    private protected virtual TimeSpan StopPatience => TimeSpan.FromSeconds(15);

    internal bool IsFinished => IsFinal(JobStateInfo.State);

    /// <summary>Ends it, and returns when it has ended or does not end in time.</summary>
    public override void StopJob()
    {
        if (!Enter(JobState.Stopping))
        {
            // Somebody else stops it, or it has ended: what is left is to wait.
            Wait();
            return;
        }

        _stop.Cancel();
        Wait();
        Enter(JobState.Stopped);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            if (!IsFinished)
            {
                StopJob();
            }

            _stop.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Starts the work: when it returns the job has completed, and a fault of it is the job's failure.</summary>
    private protected void Start(Func<CancellationToken, Task> work)
    {
        Enter(JobState.Running);
        var token = _stop.Token;
        _work = Task.Run(() => RunAsync(work, token), CancellationToken.None);
    }

    private protected void AddOutput(object value) => Add(Output, PSObject.AsPSObject(value));

    private protected void AddError(ErrorRecord error) => Add(Error, error);

    private protected void AddWarning(string sentence) => Add(Warning, new WarningRecord(sentence));

    private protected void AddProgress(ProgressRecord record)
    {
        lock (_lock)
        {
            // Whoever reads the stream meanwhile takes the old one or the new one.
            lock (((ICollection)Progress).SyncRoot)
            {
                for (var i = 0; Progress.IsOpen && i < Progress.Count; i++)
                {
                    // How far it was earlier is of no use to who asks later.
                    if (Progress[i].ActivityId == record.ActivityId)
                    {
                        Progress[i] = record;
                        return;
                    }
                }
            }

            Add(Progress, record);
        }
    }

    /// <summary>Makes the job a failed one when its work returns; the errors were added before.</summary>
    private protected void SetFailed(string status) => (_status, _failed) = (status, true);

    private async Task RunAsync(Func<CancellationToken, Task> work, CancellationToken stop)
    {
        try
        {
            await work(stop).ConfigureAwait(false);
            Enter(stop.IsCancellationRequested ? JobState.Stopped : _failed ? JobState.Failed : JobState.Completed);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            Enter(JobState.Stopped);
        }
        catch (P2PShareException e)
        {
            Fail(e, Faults.ToErrorRecord(e, this));
        }
        catch (Exception e)
        {
            // Nobody awaits a job: what is not shown here is never seen.
            Fail(e, new ErrorRecord(e, ErrorCode.PeerServerFailed, ErrorCategory.NotSpecified, this));
        }
    }

    private void Fail(Exception reason, ErrorRecord error)
    {
        _status = reason.Message;
        if (SetJobStateAndReason is null)
        {
            // The finished state closes the streams. Where the reason is set, Receive-Job makes an error of it by itself.
            AddError(error);
        }

        Enter(JobState.Failed, reason);
    }

    private void Add<T>(PSDataCollection<T> stream, T value)
    {
        lock (_lock)
        {
            if (!stream.IsOpen)
            {
                return;
            }

            if (stream.Count >= MostKept)
            {
                stream.RemoveAt(0);
            }

            stream.Add(value);
        }
    }

    // PowerShell accepts any change of state, Completed to Failed even.
    private bool Enter(JobState state, Exception? reason = null)
    {
        lock (_lock)
        {
            var now = JobStateInfo.State;
            if (IsFinal(now) || now == state)
            {
                return false;
            }

            if (reason is not null && SetJobStateAndReason is not null)
            {
                SetJobStateAndReason(this, state, reason);
            }
            else
            {
                SetJobState(state);
            }

            return true;
        }
    }

    private void Wait()
    {
        try
        {
            _work.Wait(StopPatience);
        }
        catch (AggregateException)
        {
            // RunAsync has turned every fault into the job's state.
        }
    }

    private static bool IsFinal(JobState state) => state is JobState.Completed or JobState.Failed or JobState.Stopped;
}
