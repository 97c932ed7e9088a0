namespace P2PShare.Transfer.Downloading;

/// <summary>The bulk connections that were opened to one peer. Safe for concurrent use.</summary>
internal sealed class BulkPeer(TimeProvider clock)
{
    private readonly Lock _lock = new();
    private long? _lookedAt;
    private int _opened;

    /// <returns>False if there was a look less than an interval ago.</returns>
    public bool TryLook(TimeSpan interval)
    {
        lock (_lock)
        {
            if (_lookedAt is { } last && clock.GetElapsedTime(last) < interval)
            {
                return false;
            }

            _lookedAt = clock.GetTimestamp();
            return true;
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
