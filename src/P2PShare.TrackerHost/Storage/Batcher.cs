namespace P2PShare.TrackerHost.Storage;

/// <summary>
/// Runs together what callers ask for at the same time: while one batch is under way, the next one collects. A call
/// that comes alone does not wait; a thousand that come at once cost a few statements instead of some thousand.
/// </summary>
/// <param name="run">Returns a result for each item, in their order. What it throws is thrown to all of the batch.</param>
/// <param name="maxBatch">Most items in a batch.</param>
internal sealed class Batcher<TItem, TResult>(Func<IReadOnlyList<TItem>, Task<IReadOnlyList<TResult>>> run, int maxBatch)
{
    private readonly Lock _lock = new();
    private readonly Queue<Waiting> _waiting = [];
    private bool _isRunning;

    /// <param name="cancellationToken">Ends the waiting, not a batch that has the item already.</param>
    public Task<TResult> RunAsync(TItem item, CancellationToken cancellationToken)
    {
        var waiting = new Waiting(item);
        bool starts;
        lock (_lock)
        {
            _waiting.Enqueue(waiting);
            starts = !_isRunning;
            _isRunning = true;
        }

        if (starts)
        {
            _ = Task.Run(RunAllAsync, CancellationToken.None);
        }

        return waiting.Result.Task.WaitAsync(cancellationToken);
    }

    private async Task RunAllAsync()
    {
        for (var batch = Take(); batch.Length > 0; batch = Take())
        {
            try
            {
                var results = await run(Array.ConvertAll(batch, waiting => waiting.Item));
                for (var i = 0; i < batch.Length; i++)
                {
                    batch[i].Result.SetResult(results[i]);
                }
            }
            catch (Exception e)
            {
                foreach (var waiting in batch)
                {
                    waiting.Result.TrySetException(e);
                }
            }

            // Behind all that is ready to run, some of which will call again: the next batch is larger for it.
            await Task.Yield();
        }
    }

    /// <returns>The next batch; an empty one when nothing waits, which ends the run.</returns>
    private Waiting[] Take()
    {
        lock (_lock)
        {
            var batch = new Waiting[Math.Min(_waiting.Count, maxBatch)];
            for (var i = 0; i < batch.Length; i++)
            {
                batch[i] = _waiting.Dequeue();
            }

            _isRunning = batch.Length > 0;
            return batch;
        }
    }

    private sealed class Waiting(TItem item)
    {
        public TItem Item => item;

        public TaskCompletionSource<TResult> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
