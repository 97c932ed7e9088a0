namespace P2PShare.Transfer.Peers;

/// <summary>
/// Spreads bytes over time: each caller gets the next stretch of it, in the order of asking, so that all who share a
/// limiter get equal parts. Costs one comparison while no limit is set.
/// </summary>
internal sealed class RateLimiter(TimeProvider clock)
{
    // What may be sent at once after a pause: enough to keep a link busy, too little to be seen as a burst.
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private long _limit;
    private long _next;

    /// <summary>Bytes a second; null: no limit. A change takes effect with the next bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public long? Limit
    {
        get => Volatile.Read(ref _limit) is var limit and > 0 ? limit : null;
        set
        {
            if (value is { } set)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(set, 1, nameof(Limit));
            }

            lock (_lock)
            {
                Volatile.Write(ref _limit, value ?? 0);
                _next = 0;
            }
        }
    }

    /// <summary>Most bytes to ask for at once, so that a slow limit is smooth and a change of it is felt soon.</summary>
    public int SliceLength => Limit is { } limit ? (int)Math.Clamp(limit / 20, 1024, 256 * 1024) : int.MaxValue;

    /// <summary>Waits until <paramref name="bytes"/> may pass.</summary>
    public ValueTask WaitAsync(int bytes, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _limit) == 0)
        {
            return ValueTask.CompletedTask;
        }

        TimeSpan delay;
        lock (_lock)
        {
            if (_limit == 0)
            {
                return ValueTask.CompletedTask;
            }

            var now = clock.GetTimestamp();
            var earliest = now - (long)(Burst.TotalSeconds * clock.TimestampFrequency);
            var start = Math.Max(_next, earliest);
            _next = start + (long)((double)bytes / _limit * clock.TimestampFrequency);
            delay = clock.GetElapsedTime(now, _next);
        }

        return delay <= TimeSpan.Zero ? ValueTask.CompletedTask : new ValueTask(Task.Delay(delay, clock, cancellationToken));
    }
}
