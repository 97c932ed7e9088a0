namespace P2PShare.Transfer.Trackers;

/// <summary>
/// Sends items of a group together: one batch of a group is under way at a time, and what is added meanwhile goes into the next one. Safe for concurrent use.
/// </summary>
/// <param name="most">Most items of a batch.</param>
/// <param name="send">Sends a batch; it throws nothing.</param>
internal sealed class GroupBatches<TGroup, TItem>(int most, Func<TGroup, List<TItem>, Task> send)
    where TGroup : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TGroup, Queue<TItem>> _waiting = [];

    public void Add(TGroup group, TItem item)
    {
        lock (_lock)
        {
            if (!_waiting.TryGetValue(group, out var waiting))
            {
                _waiting[group] = waiting = new();
                _ = SendAllAsync(group, waiting);
            }

            waiting.Enqueue(item);
        }
    }

    private async Task SendAllAsync(TGroup group, Queue<TItem> waiting)
    {
        // Items that are added at the same moment go into the first batch, which is not sent in a context of the caller's.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (true)
        {
            var batch = new List<TItem>();
            lock (_lock)
            {
                while (batch.Count < most && waiting.TryDequeue(out var item))
                {
                    batch.Add(item);
                }

                if (batch.Count == 0)
                {
                    _waiting.Remove(group);
                    return;
                }
            }

            await send(group, batch).ConfigureAwait(false);
        }
    }
}
