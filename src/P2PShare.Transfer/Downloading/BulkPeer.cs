namespace P2PShare.Transfer.Downloading;

/// <summary>The bulk connections that were opened to one peer. Safe for concurrent use.</summary>
internal sealed class BulkPeer(TimeProvider clock)
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long? _returnedAt;
    private long? _lookedAt;
    private int _opened;

    /// <returns>False if there was a look less than an interval ago, or one was taken back in the last ten seconds.</returns>
    public bool TryLook(TimeSpan interval)
    {
        lock (_lock)
        {
            if ((_lookedAt is { } last && clock.GetElapsedTime(last) < interval)
                || (_returnedAt is { } returned && clock.GetElapsedTime(returned) < RetryInterval))
            {
                return false;
            }

            _lookedAt = clock.GetTimestamp();
            return true;
        }
    }

    /// <summary>Takes back one that was reserved and could not be opened: a later look reserves it again.</summary>
    public void Return()
    {
        lock (_lock)
        {
            _opened--;
            _returnedAt = clock.GetTimestamp();
        }
    }

    /// <returns>How many are missing of those that are needed: the caller opens them.</returns>
    public int Reserve(int count)
    {
        lock (_lock)
        {
            var missing = Math.Max(0, count - _opened);
            _opened += missing;
            return missing;
        }
    }
}
