using System.Management.Automation;
using System.Reflection;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Jobs;

/// <summary>Work in the background, as a job of PowerShell.</summary>
public abstract class P2PJob : Job
{
    /// <summary>How many records of a stream are kept if nothing receives them; the newest are.</summary>
    private protected const int MaxKept = 1000;

    // PowerShell keeps to itself what sets JobStateInfo.Reason. Without it the fault becomes an error of the job.
    private static readonly Action<Job, JobState, Exception>? SetJobStateAndReason = typeof(Job)
        .GetMethod(nameof(SetJobState), BindingFlags.Instance | BindingFlags.NonPublic, [typeof(JobState), typeof(Exception)])
        ?.CreateDelegate<Action<Job, JobState, Exception>>();

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private WarningRecord? _dropNotice;
    private long _dropped;
    private Task _work = Task.CompletedTask;
    private string _status = "";
    private bool _failed;

    private protected P2PJob(string command, string name, string type)
        : base(command, name) => PSJobTypeName = type;

    public override string StatusMessage => _status;

    public override bool HasMoreData =>
        Output.Count > 0 || Error.Count > 0 || Warning.Count > 0 || Progress.Count > 0;

    /// <summary>When all jobs are stopped, those of a lower round end before those of the next are stopped.</summary>
    internal virtual int StopRound => 0;

    /// <summary>How long a stop waits for the work to end.</summary>
    private protected virtual TimeSpan StopPatience => TimeSpan.FromSeconds(15);

    internal bool IsFinished => IsFinal(JobStateInfo.State);

    /// <summary>Stops it, and returns when it has ended or does not end in time.</summary>
    public override void StopJob() => PipelineContext.Wait(StopAsync());

    /// <summary>Whether the module or the runspace ends, and the work is to end without waiting for others.</summary>
    private protected bool IsHurried { get; private set; }

    /// <summary>Stops it, and returns when it has ended or does not end in time. Another caller may be stopping it already.</summary>
    /// <param name="hurry">See <see cref="IsHurried"/>.</param>
    internal async Task StopAsync(bool hurry = false)
    {
        IsHurried |= hurry;
        var isFirst = Enter(JobState.Stopping);
        if (isFirst)
        {
            await _stop.CancelAsync().ConfigureAwait(false);
        }

        // RunAsync has turned every fault into the job's state.
        await _work.WaitAsync(StopPatience, TimeProvider.System).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (isFirst)
        {
            Enter(JobState.Stopped);
        }
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

    /// <summary>Starts the work. When it returns, the job has completed; when it throws, the job has failed.</summary>
    private protected void Start(Func<CancellationToken, Task> work)
    {
        Enter(JobState.Running);
        var token = _stop.Token;
        _work = Task.Run(() => RunAsync(work, token), CancellationToken.None);
    }

    private protected void AddOutput(object value) => Add(Output, PSObject.AsPSObject(value));

    private protected void AddError(ErrorRecord error) => Add(Error, error);

    private protected void AddWarning(string sentence) => Add(Warning, new WarningRecord(sentence));

    private protected void AddVerbose(string sentence) => Add(Verbose, new VerboseRecord(sentence));

    private protected void AddProgress(ProgressRecord record)
    {
        lock (_lock)
        {
            if (!Progress.IsOpen)
            {
                return;
            }

            // Earlier progress of the same activity is of no use to a later reader.
            try
            {
                for (var i = 0; i < Progress.Count; i++)
                {
                    if (Progress[i].ActivityId == record.ActivityId)
                    {
                        Progress[i] = record;
                        return;
                    }
                }
            }
            catch (ArgumentOutOfRangeException)
            {
                // A reader took them meanwhile.
            }

            Progress.Add(record);
        }
    }

    /// <summary>Lets the job fail when its work returns; its errors were added before.</summary>
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
            // Nothing awaits a job: a fault that is not shown here is lost.
            Fail(e, new ErrorRecord(e, ErrorCode.PeerServerFailed, ErrorCategory.NotSpecified, this));
        }
    }

    private void Fail(Exception reason, ErrorRecord error)
    {
        _status = reason.Message;
        if (SetJobStateAndReason is null)
        {
            // Before the finished state, which closes the streams. If the reason is set, Receive-Job makes an error of it.
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

            if (stream.Count >= MaxKept)
            {
                DropOldest(stream);
            }

            stream.Add(value);
        }
    }

    // The notice stays the first warning, with the number so far, until it is received.
    private void DropOldest<T>(PSDataCollection<T> stream)
    {
        try
        {
            var hasNotice = Warning.Count > 0 && Warning[0] == _dropNotice;
            stream.RemoveAt(hasNotice && ReferenceEquals(stream, Warning) ? 1 : 0);
            _dropped = hasNotice ? _dropped + 1 : 1;
            _dropNotice = new WarningRecord(
                $"Records of job '{Name}' that were dropped because nothing received them: {_dropped}. Of each kind the newest {MaxKept} are kept; Receive-Job receives them.");
            if (hasNotice)
            {
                Warning[0] = _dropNotice;
            }
            else
            {
                Warning.Insert(0, _dropNotice);
            }
        }
        catch (ArgumentOutOfRangeException)
        {
            // A reader took them meanwhile.
        }
    }

    // PowerShell accepts any change of state, even from Completed to Failed.
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

    private static bool IsFinal(JobState state) => state is JobState.Completed or JobState.Failed or JobState.Stopped;
}
