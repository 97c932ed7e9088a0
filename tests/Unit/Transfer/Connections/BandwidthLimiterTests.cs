using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

/// <summary>Limits are right within 5 %, in all magnitudes. Real transfers: the integration tests.</summary>
public sealed class BandwidthLimiterTests
{
    private const double Tolerance = 0.05;

    public static TheoryData<long, int, int> Rates
    {
        get
        {
            var rates = new TheoryData<long, int, int>();
            foreach (var limit in new[] { 100_000L, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000 })
            {
                foreach (var callers in new[] { 1, 4, 50 })
                {
                    // Timers that are exact, late as most are, and late as on a machine with too much to do.
                    foreach (var late in new[] { 0, 15, 200 })
                    {
                        rates.Add(limit, callers, late);
                    }
                }
            }

            return rates;
        }
    }

    [Theory]
    [MemberData(nameof(Rates))]
    public void Bytes_pass_at_the_limit_however_many_ask_and_however_late_timers_are(long limit, int callers, int lateMilliseconds)
    {
        var clock = new LateClock(TimeSpan.FromMilliseconds(lateMilliseconds));
        var limiter = new BandwidthLimiter(clock) { Limit = limit };
        var crowd = new Crowd(limiter, clock, callers);

        crowd.RunFor(TimeSpan.FromSeconds(10));

        Assert.InRange(crowd.BytesPassed / 10.0, limit * (1 - Tolerance), limit * (1 + Tolerance));
        Assert.InRange(crowd.PerCaller.Max(), 0, crowd.PerCaller.Average() * (1 + Tolerance) + limiter.SliceLength);
    }

    [Fact]
    public void A_change_takes_effect_at_once_for_waiting_callers()
    {
        var clock = new LateClock(TimeSpan.Zero);
        var limiter = new BandwidthLimiter(clock) { Limit = 1000 };
        var crowd = new Crowd(limiter, clock, callers: 20);
        crowd.RunFor(TimeSpan.FromSeconds(2));

        limiter.Limit = 10_000_000;
        crowd.Reset();
        crowd.RunFor(TimeSpan.FromSeconds(4));
        Assert.InRange(crowd.BytesPassed / 4.0, 9_500_000, 10_500_000);

        limiter.Limit = 100_000;
        crowd.Reset();
        crowd.RunFor(TimeSpan.FromSeconds(200));
        Assert.InRange(crowd.BytesPassed / 200.0, 95_000, 105_000);
    }

    [Fact]
    public void Removing_the_limit_releases_all_waiting_callers()
    {
        var clock = new LateClock(TimeSpan.Zero);
        var limiter = new BandwidthLimiter(clock) { Limit = 1 };
        var waiting = Enumerable.Range(0, 10).Select(_ => limiter.WaitAsync(1024, CancellationToken.None).AsTask()).ToArray();
        Assert.DoesNotContain(waiting, task => task.IsCompleted);

        limiter.Limit = null;

        Assert.All(waiting, task => Assert.True(task.IsCompletedSuccessfully));
        Assert.True(limiter.WaitAsync(int.MaxValue, CancellationToken.None).AsTask().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_caller_that_gives_up_takes_nothing_from_the_others()
    {
        var clock = new LateClock(TimeSpan.Zero);
        var limiter = new BandwidthLimiter(clock) { Limit = 1000 };
        using var cancellation = new CancellationTokenSource();
        var givesUp = limiter.WaitAsync(1000, cancellation.Token).AsTask();
        var stays = limiter.WaitAsync(1000, CancellationToken.None).AsTask();

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givesUp);
        clock.AdvanceTo(clock.Now + TimeSpan.FromMilliseconds(1001));

        Assert.True(stays.IsCompletedSuccessfully);
    }

    [Fact]
    public void After_a_pause_no_more_than_a_short_burst_passes_at_once()
    {
        var clock = new LateClock(TimeSpan.Zero);
        var limiter = new BandwidthLimiter(clock) { Limit = 1_000_000 };
        clock.AdvanceTo(TimeSpan.FromHours(1));

        var passed = 0;
        while (limiter.WaitAsync(10_000, CancellationToken.None).AsTask().IsCompleted)
        {
            passed += 10_000;
        }

        Assert.InRange(passed, 10_000, 50_000);
    }

    [Fact]
    public async Task Without_a_limit_nothing_is_allocated_and_nothing_waits()
    {
        var limiter = new BandwidthLimiter(TimeProvider.System);
        await limiter.WaitAsync(1, CancellationToken.None);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            Assert.True(limiter.WaitAsync(1 << 20, CancellationToken.None).AsTask().IsCompletedSuccessfully);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    /// <summary>Callers that each ask for the next slice as soon as they got the one before.</summary>
    private sealed class Crowd(BandwidthLimiter limiter, LateClock clock, int callers)
    {
        private readonly (Task Task, int Bytes)[] _asked = new (Task, int)[callers];

        private int _next;

        public long[] PerCaller { get; } = new long[callers];

        public long BytesPassed => PerCaller.Sum();

        public void Reset() => Array.Clear(PerCaller);

        public void RunFor(TimeSpan time)
        {
            var end = clock.Now + time;
            while (clock.Now < end)
            {
                for (var any = true; any;)
                {
                    any = false;
                    var first = _next;
                    for (var turn = 0; turn < callers; turn++)
                    {
                        var i = (first + turn) % callers;
                        if (_asked[i].Task is { IsCompleted: false })
                        {
                            continue;
                        }

                        // No place in the crowd is better than another.
                        _next = i + 1;
                        PerCaller[i] += _asked[i].Bytes;
                        var slice = Math.Min(256 * 1024, limiter.SliceLength);
                        _asked[i] = (limiter.WaitAsync(slice, CancellationToken.None).AsTask(), slice);
                        any |= _asked[i].Task.IsCompleted;
                    }
                }

                clock.AdvanceToNextTimer(end);
            }
        }
    }

    /// <summary>Stands still until the test advances it, and calls timers late by at most <paramref name="mostLate"/>.</summary>
    private sealed class LateClock(TimeSpan mostLate) : TimeProvider
    {
        private readonly List<Timer> _timers = [];
        private readonly Random _random = new(1);

        public TimeSpan Now { get; private set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + Now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new Timer(this, () => callback(state));
            timer.Change(dueTime, period);
            return timer;
        }

        public void AdvanceToNextTimer(TimeSpan end)
        {
            var next = _timers.Count == 0 ? end : _timers.Min(timer => timer.Due);
            AdvanceTo(next < end ? next + mostLate * _random.NextDouble() : end);
        }

        public void AdvanceTo(TimeSpan time)
        {
            Now = time > Now ? time : Now;
            foreach (var timer in _timers.Where(timer => timer.Due <= Now).ToArray())
            {
                _timers.Remove(timer);
                // The awaiting side continues within the call only if no other context is set, as in production.
                var context = SynchronizationContext.Current;
                SynchronizationContext.SetSynchronizationContext(null);
                timer.Call();
                SynchronizationContext.SetSynchronizationContext(context);
            }
        }

        private sealed class Timer(LateClock clock, Action call) : ITimer
        {
            public TimeSpan Due { get; private set; }

            public Action Call => call;

            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                Due = clock.Now + dueTime;
                clock._timers.Remove(this);
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    clock._timers.Add(this);
                }

                return true;
            }

            public void Dispose() => clock._timers.Remove(this);

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }
        }
    }
}
