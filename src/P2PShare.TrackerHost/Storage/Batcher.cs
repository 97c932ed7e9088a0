using System.Diagnostics.CodeAnalysis;

namespace P2PShare.TrackerHost.Storage;

/// <summary>
/// Runs together what callers ask for at the same time: while one batch is under way, the next one collects. A call
/// that comes alone does not wait; a thousand that come at once cost a few statements instead of some thousand.
/// </summary>
/// <param name="run">Returns a result for each item, in their order. What it throws is thrown to all of the batch.</param>
/// <param name="maxBatch">Most items in a batch.</param>
/// <param name="weigh">What an item costs; null: 1.</param>
/// <param name="maxWeight">A batch that costs so much takes no further item.</param>
internal sealed class Batcher<TItem, TResult>(
    Func<IReadOnlyList<TItem>, Task<IReadOnlyList<TResult>>> run, int maxBatch, Func<TItem, int>? weigh = null, long maxWeight = long.MaxValue)
{
    private readonly Lock _lock = new();
    private readonly Queue<Waiting> _waiting = [];
    private bool _isRunning;

    /// <param name="cancellationToken">Ends the waiting, and drops the item if no batch has it yet.</param>
    public async Task<TResult> RunAsync(TItem item, CancellationToken cancellationToken)
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

        try
        {
            return await waiting.Result.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            waiting.TryDrop();
        }
    }

    private async Task RunAllAsync()
    {
        for (var batch = Take(); batch.Items.Count > 0; batch = Take())
        {
            try
            {
                var results = await run(batch.Items);
                for (var i = 0; i < batch.Items.Count; i++)
                {
                    batch.Waiting[i].Result.SetResult(results[i]);
                }
            }
            catch (Exception e)
            {
                batch.Waiting.ForEach(waiting => waiting.Result.TrySetException(e));
            }

            // Behind all that is ready to run, some of which will call again: the next batch is larger for it.
            await Task.Yield();
        }
    }

    /// <returns>The next batch; an empty one when nothing waits, which ends the run.</returns>
    private (List<Waiting> Waiting, List<TItem> Items) Take()
    {
        lock (_lock)
        {
            var most = Math.Min(_waiting.Count, maxBatch);
            var (taken, items) = (new List<Waiting>(most), new List<TItem>(most));
            for (var weight = 0L; items.Count < maxBatch && weight < maxWeight && _waiting.TryDequeue(out var waiting);)
            {
                if (waiting.TryTake(out var item))
                {
                    taken.Add(waiting);
                    items.Add(item);
                    weight += weigh?.Invoke(item) ?? 1;
                }
            }

            _isRunning = items.Count > 0;
            return (taken, items);
        }
    }

    private sealed class Waiting(TItem item)
    {
        private TItem? _item = item;
        private int _isDone;

        public TaskCompletionSource<TResult> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool TryTake([MaybeNullWhen(false)] out TItem item)
        {
            item = _item;
            return Interlocked.Exchange(ref _isDone, 1) == 0;
        }

        /// <summary>Lets go of the item: what is cancelled costs no memory any more.</summary>
        public void TryDrop()
        {
            if (Interlocked.Exchange(ref _isDone, 1) == 0)
            {
                _item = default;
            }
        }
    }
}
