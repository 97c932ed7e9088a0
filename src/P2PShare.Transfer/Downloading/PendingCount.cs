namespace P2PShare.Transfer.Downloading;

/// <summary>Counts what has begun and not ended; it is 1 at first, for who begins. Safe for concurrent use.</summary>
internal sealed class PendingCount
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _count = 1;

    /// <summary>Ends when the count is 0.</summary>
    public Task Ended => _ended.Task;

    public void Begin() => Interlocked.Increment(ref _count);

    public void End()
    {
        if (Interlocked.Decrement(ref _count) == 0)
        {
            _ended.TrySetResult();
        }
    }
}
