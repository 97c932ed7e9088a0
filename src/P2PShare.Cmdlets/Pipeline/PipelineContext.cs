using System.Collections.Concurrent;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>
/// Lets async code run on the pipeline thread: while a step of a cmdlet is awaited, the thread carries out what comes
/// after each await. So a cmdlet may write to the pipeline after any <c>await</c> that does not say
/// <c>ConfigureAwait(false)</c>, and nothing in it runs twice at the same time.
/// </summary>
internal sealed class PipelineContext : SynchronizationContext
{
    private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _work = [];

    public override void Post(SendOrPostCallback d, object? state)
    {
        try
        {
            _work.Add((d, state));
        }
        catch (InvalidOperationException)
        {
            // The cmdlet has ended; what it left behind only cleans up.
            ThreadPool.QueueUserWorkItem(_ => d(state));
        }
    }

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Runs a step to its end on the calling thread.</summary>
    /// <param name="patience">How long the step may go on after <paramref name="stop"/>, to tidy up.</param>
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

    /// <summary>No step follows; what is still posted goes to the thread pool.</summary>
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

        var deadline = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        while (!task.IsCompleted)
        {
            var left = deadline - Environment.TickCount64;
            if (left <= 0 || !_work.TryTake(out var work, (int)left, CancellationToken.None))
            {
                throw new OperationCanceledException(stop);
            }

            work.Callback(work.State);
        }
    }
}
