using System.Collections.Concurrent;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>
/// Lets async code run on the pipeline thread: while a step of a cmdlet is awaited, the thread executes what follows each
/// await. A cmdlet may write to the pipeline after any <c>await</c> without <c>ConfigureAwait(false)</c>, and no two parts of it
/// run at the same time. The only place where a thread waits for async code.
/// </summary>
internal sealed class PipelineContext : SynchronizationContext
{
    private static readonly TimeProvider Clock = TimeProvider.System;

    private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _work = [];

    public override void Post(SendOrPostCallback d, object? state)
    {
        try
        {
            _work.Add((d, state));
        }
        catch (InvalidOperationException)
        {
            // The cmdlet has ended; what is left only cleans up.
            ThreadPool.QueueUserWorkItem(_ => d(state));
        }
    }

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Waits, on a thread that cannot await, for a task that is bounded in time.</summary>
    public static T Wait<T>(Task<T> task)
    {
        new PipelineContext().Run(() => task, TimeSpan.Zero, CancellationToken.None);
        return task.GetAwaiter().GetResult();
    }

    /// <inheritdoc cref="Wait{T}(Task{T})"/>
    public static void Wait(Task task) => new PipelineContext().Run(() => task, TimeSpan.Zero, CancellationToken.None);

    /// <summary>Runs a step to its end on the calling thread.</summary>
    /// <param name="patience">How long the step may take to clean up after <paramref name="stop"/>.</param>
    /// <exception cref="OperationCanceledException">It did not end within that time.</exception>
    public void Run(Func<Task> step, TimeSpan patience, CancellationToken stop)
    {
        var outer = Current;
        SetSynchronizationContext(this);
        try
        {
            var task = step();
            // Wakes the loop below when the step ends on another thread.
            _ = task.ContinueWith(
                static (_, self) => ((PipelineContext)self!).Post(static _ => { }, null), this,
                CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            Pump(task, patience, stop);
            task.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(outer);
        }
    }

    /// <summary>Ends the context after its last step; what is posted later goes to the thread pool.</summary>
    public void Complete()
    {
        _work.CompleteAdding();
        while (_work.TryTake(out var work))
        {
            ThreadPool.QueueUserWorkItem(_ => work.Callback(work.State));
        }
    }

    private void Pump(Task task, TimeSpan patience, CancellationToken stop)
    {
        while (!task.IsCompleted && !stop.IsCancellationRequested)
        {
            try
            {
                var (callback, state) = _work.Take(stop);
                callback(state);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
        }

        var stopped = Clock.GetTimestamp();
        while (!task.IsCompleted)
        {
            var left = patience - Clock.GetElapsedTime(stopped);
            if (left <= TimeSpan.Zero || !_work.TryTake(out var work, left))
            {
                throw new OperationCanceledException(stop);
            }

            work.Callback(work.State);
        }
    }
}
