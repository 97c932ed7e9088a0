namespace P2PShare.Transfer.Connections;

/// <summary>
/// A token bucket: lets bytes pass at a rate. Callers are served in the order in which they asked, so that all that share a limiter
/// get equal parts. What a late timer delayed passes at once afterwards, so that the rate is right however coarse timers are.
/// Costs one comparison while no limit is set. Safe for concurrent use.
/// </summary>
internal sealed class BandwidthLimiter(TimeProvider clock)
{
    // What may be sent at once after a pause: enough to keep a link busy, too little to be seen as a burst.
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(50);
    // After a longer sleep than this the machine has paused, and has nothing to catch up.
    private static readonly TimeSpan MostCatchUp = TimeSpan.FromSeconds(1);
    // In milliseconds. The resolution of most systems' timers: a shorter wait would not wait at all.
    private const double ShortestWait = 1;
    // In milliseconds. Bounds the timers that are left over when many callers give up.
    private const double LongestWait = 1000;

    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _waiters = new();
    private long _limit;
    private double _tokens;
    private long _counted;
    private long _wake;

    /// <summary>Bytes a second; null: no limit. A change takes effect at once, also for callers that wait.</summary>
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

            List<Waiter>? released;
            lock (_lock)
            {
                Count();
                Volatile.Write(ref _limit, value ?? 0);
                // Credit of another rate does not count at this one.
                _tokens = Math.Min(_tokens, 0);
                released = Release();
                WakeLater();
            }

            Complete(released);
        }
    }

    /// <summary>Callers that wait.</summary>
    internal int WaitingCount
    {
        get
        {
            lock (_lock)
            {
                return _waiters.Count;
            }
        }
    }

    /// <summary>Most bytes to ask for at once, so that a slow limit is smooth and a change of it takes effect soon.</summary>
    public int SliceLength => Limit is { } limit ? (int)Math.Clamp(limit / 20, 1024, 256 * 1024) : int.MaxValue;

    /// <summary>Waits until <paramref name="bytes"/> may pass.</summary>
    public ValueTask WaitAsync(int bytes, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _limit) == 0)
        {
            return ValueTask.CompletedTask;
        }

        cancellationToken.ThrowIfCancellationRequested();
        Waiter waiter;
        lock (_lock)
        {
            if (_limit == 0)
            {
                return ValueTask.CompletedTask;
            }

            Count();
            if (_waiters.Count == 0 && _tokens >= bytes)
            {
                _tokens -= bytes;
                return ValueTask.CompletedTask;
            }

            waiter = new Waiter(bytes);
            _waiters.AddLast(waiter.Node);
            if (_waiters.Count == 1)
            {
                WakeLater();
            }
        }

        return new ValueTask(cancellationToken.CanBeCanceled ? WaitAsync(waiter, cancellationToken) : waiter.Passed.Task);
    }

    private async Task WaitAsync(Waiter waiter, CancellationToken cancellationToken)
    {
        using var cancelling = cancellationToken.UnsafeRegister(
            (state, token) =>
            {
                if (Remove((Waiter)state!))
                {
                    ((Waiter)state!).Passed.TrySetCanceled(token);
                }
            },
            waiter);
        await waiter.Passed.Task.ConfigureAwait(false);
    }

    private bool Remove(Waiter waiter)
    {
        lock (_lock)
        {
            if (waiter.Node.List is null)
            {
                return false;
            }

            Count();
            var wasFirst = _waiters.First == waiter.Node;
            _waiters.Remove(waiter.Node);
            if (wasFirst)
            {
                WakeLater();
            }

            return true;
        }
    }

    // While a caller waits, time that has passed counts in full; otherwise only as much as a burst is kept.
    private void Count()
    {
        var now = clock.GetTimestamp();
        var passed = clock.GetElapsedTime(_counted, now);
        _counted = now;
        if (_limit == 0)
        {
            return;
        }

        var burst = Burst.TotalSeconds * _limit;
        var most = _waiters.Count > 0 ? MostCatchUp.TotalSeconds * _limit
            : passed > Burst ? burst
            // Between two slices: what is left from catching up stays, but does not grow.
            : Math.Max(burst, _tokens);
        // A slice longer than a burst must be able to pass, too.
        most = Math.Max(most, _waiters.First?.Value.Bytes ?? 0);
        _tokens = Math.Min(_tokens + passed.TotalSeconds * _limit, most);
    }

    private List<Waiter>? Release()
    {
        List<Waiter>? released = null;
        while (_waiters.First is { } first && (_limit == 0 || _tokens >= first.Value.Bytes))
        {
            _tokens -= _limit == 0 ? 0 : first.Value.Bytes;
            _waiters.RemoveFirst();
            (released ??= []).Add(first.Value);
        }

        return released;
    }

    private void WakeLater()
    {
        var wake = ++_wake;
        if (_waiters.First is { } first)
        {
            var milliseconds = Math.Ceiling((first.Value.Bytes - _tokens) / _limit * 1000);
            _ = WakeAsync(wake, TimeSpan.FromMilliseconds(Math.Clamp(milliseconds, ShortestWait, LongestWait)));
        }
    }

    private async Task WakeAsync(long wake, TimeSpan delay)
    {
        await Task.Delay(delay, clock, CancellationToken.None).ConfigureAwait(false);
        List<Waiter>? released;
        lock (_lock)
        {
            if (wake != _wake)
            {
                return;
            }

            Count();
            released = Release();
            WakeLater();
        }

        Complete(released);
    }

    private static void Complete(List<Waiter>? released)
    {
        foreach (var waiter in released ?? [])
        {
            waiter.Passed.TrySetResult();
        }
    }

    private sealed class Waiter
    {
        public Waiter(int bytes)
        {
            Bytes = bytes;
            Node = new LinkedListNode<Waiter>(this);
        }

        public int Bytes { get; }

        public LinkedListNode<Waiter> Node { get; }

        public TaskCompletionSource Passed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
