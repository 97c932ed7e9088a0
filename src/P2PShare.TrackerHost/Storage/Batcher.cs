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
/// <param name="isOfOne">Whether one item may be the cause of an exception: the halves of the batch are then run by themselves. Null: never.</param>
internal sealed class Batcher<TItem, TResult>(
    Func<IReadOnlyList<TItem>, Task<IReadOnlyList<TResult>>> run, int maxBatch, Func<TItem, int>? weigh = null, long maxWeight = long.MaxValue, Func<Exception, bool>? isOfOne = null)
{
    /// <summary>Most parts of one batch that are halved: enough for one item among some thousand, and for a few among some hundred.</summary>
    public const int MaxHalved = 16;

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
            await RunAsync(batch.Items, batch.Waiting);

            // Behind all that is ready to run, some of which will call again: the next batch is larger for it.
            await Task.Yield();
        }
    }

    private async Task RunAsync(List<TItem> items, List<Waiting> waiting)
    {
        var parts = new Stack<Range>([Range.All]);
        for (var failures = 0; parts.TryPop(out var part);)
        {
            var (from, count) = part.GetOffsetAndLength(items.Count);
            try
            {
                var results = await run(items.GetRange(from, count));
                for (var i = 0; i < count; i++)
                {
                    waiting[from + i].Result.SetResult(results[i]);
                }
            }
            catch (Exception e) when (count > 1 && failures < MaxHalved && isOfOne?.Invoke(e) == true)
            {
                failures++;
                parts.Push((from + (count / 2))..(from + count));
                parts.Push(from..(from + (count / 2)));
            }
            catch (Exception e)
            {
                waiting.GetRange(from, count).ForEach(one => one.Result.TrySetException(e));
            }
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
