using System.Management.Automation;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>
/// A cmdlet with async steps. They run on the pipeline thread (<see cref="PipelineContext"/>), which pumps while they wait: an
/// await in a cmdlet has no <c>ConfigureAwait(false)</c>, so that writing is allowed after it.
/// </summary>
public abstract class AsyncCmdlet : PSCmdlet, IDisposable
{
    // How long Ctrl+C waits, for example for a part file to be closed.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly PipelineContext _context = new();
    private readonly CancellationTokenSource _stop = new();
    private bool _disposed;

    private protected AsyncCmdlet()
    {
    }

    /// <summary>Runs once, before the first input.</summary>
    protected virtual Task BeginAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs for each input.</summary>
    protected virtual Task ProcessAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs once, after the last input; not after Ctrl+C, and not when a later cmdlet takes no more.</summary>
    protected virtual Task EndAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs always, at the end. Nothing can be written any more.</summary>
    protected virtual Task CleanUpAsync() => Task.CompletedTask;

    protected sealed override void BeginProcessing() => Run(BeginAsync);

    protected sealed override void ProcessRecord() => Run(ProcessAsync);

    protected sealed override void EndProcessing() => Run(EndAsync);

    protected sealed override void StopProcessing()
    {
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The cmdlet ended at the same moment.
        }
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (!disposing || _disposed)
        {
            return;
        }

        _disposed = true;
        try
        {
            using var patience = new CancellationTokenSource(Patience);
            _context.Run(CleanUpAsync, TimeSpan.Zero, patience.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or P2PShareException)
        {
            // There is no stream left to write to.
        }

        _context.Complete();
        _stop.Dispose();
    }

    /// <summary>Runs an action for one input. A fault becomes one error record, and the next input is processed.</summary>
    /// <returns>Whether it succeeded.</returns>
    private protected async Task<bool> TryAsync(object? target, Func<Task> action)
    {
        try
        {
            await action();
            return true;
        }
        catch (P2PShareException e)
        {
            WriteFault(e, target);
            return false;
        }
    }

    /// <summary>Writes the fault of one input. A fault that every other input would meet ends the cmdlet.</summary>
    private protected void WriteFault(P2PShareException fault, object? target)
    {
        if (fault.Code == ErrorCode.NotLoggedIn)
        {
            Terminate(fault, target);
        }

        WriteError(Faults.ToErrorRecord(fault, target));
    }

    private void Terminate(P2PShareException fault, object? target) => ThrowTerminatingError(Faults.ToErrorRecord(fault, target));

    /// <summary>Progress of this cmdlet; it does nothing if the user's preference is not to show it.</summary>
    private protected BatchProgress NewProgress(int activityId, string activity) =>
        new(activityId, activity, ShowsProgress ? WriteProgress : null);

    private protected bool ShowsProgress
    {
        get
        {
            var preference = MyInvocation.BoundParameters.TryGetValue("ProgressAction", out var given)
                ? given
                : GetVariableValue("ProgressPreference");
            return !LanguagePrimitives.TryConvertTo(preference, out ActionPreference action)
                || action is not (ActionPreference.SilentlyContinue or ActionPreference.Ignore);
        }
    }

    // Writing runs other code on this thread: the next cmdlets, the host. If that code blocks on a task of its own, it must not
    // find this context, which is not pumped meanwhile.

    private protected new void WriteObject(object? sendToPipeline) => Outside(() => base.WriteObject(sendToPipeline));

    private protected new void WriteError(ErrorRecord errorRecord) => Outside(() => base.WriteError(errorRecord));

    private protected new void WriteWarning(string text) => Outside(() => base.WriteWarning(text));

    private protected new void WriteVerbose(string text) => Outside(() => base.WriteVerbose(text));

    private protected new void WriteProgress(ProgressRecord progressRecord) => Outside(() => base.WriteProgress(progressRecord));

    private protected new bool ShouldProcess(string target, string action) => Outside(() => base.ShouldProcess(target, action));

    private protected static T Outside<T>(Func<T> action)
    {
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            return action();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private static void Outside(Action action) => Outside(() =>
    {
        action();
        return true;
    });

    private void Run(Func<CancellationToken, Task> step)
    {
        try
        {
            _context.Run(() => step(_stop.Token), Patience, _stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
        catch (P2PShareException e)
        {
            Terminate(e, null);
        }
    }
}
