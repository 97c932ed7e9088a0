using System.Diagnostics;
using System.Security.Cryptography;
using P2PShare.Transfer;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Downloading;

namespace P2PShare.Unit.Transfer;

/// <summary>Limits are right within 5 %: over a clock that obeys the test for all magnitudes, and in a real transfer.</summary>
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
    public void A_change_is_felt_at_once_by_those_who_wait()
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
    public void Taking_the_limit_away_lets_all_go_on_that_wait()
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
    public async Task Whoever_gives_up_waiting_takes_nothing_from_the_others()
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

    [Theory]
    [InlineData(Limited.Upload, 400_000, 1_200_000)]
    [InlineData(Limited.PeerServer, 400_000, 1_200_000)]
    [InlineData(Limited.Download, 400_000, 1_200_000)]
    [InlineData(Limited.Upload, 20_000_000, 40_000_000)]
    [InlineData(Limited.Download, 20_000_000, 40_000_000)]
    public async Task A_real_transfer_keeps_to_the_limit(Limited limited, int limit, int size)
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var alice = await TestPeer.StartAsync(tracker, "alice", null);
        await using var bob = await TestPeer.StartAsync(tracker, "bob", alice);
        var content = RandomNumberGenerator.GetBytes(size);
        var file = await alice.ShareAsync("data.bin", content);
        // Until the download has its own.
        alice.Server.UploadLimit = limited is Limited.Upload or Limited.Download ? limit : null;
        bob.Server.DownloadLimit = limited == Limited.PeerServer ? limit : null;

        var watch = Stopwatch.StartNew();
        var download = bob.Receive(file);
        if (limited == Limited.Download)
        {
            download.Limit = limit;
            alice.Server.UploadLimit = null;
        }

        await download.Completion.WaitAsync(TimeSpan.FromSeconds(60));
        var rate = size / watch.Elapsed.TotalSeconds;

        Assert.Equal(content, await File.ReadAllBytesAsync(bob.DestinationOf("data.bin")));
        // The start is in the time and not in the bytes, so that this errs on the slow side; a machine may be as busy as it likes.
        Assert.InRange(rate, limit * 0.1, limit * (1 + Tolerance));
    }

    [Fact]
    public async Task A_download_feels_a_change_of_its_limit_while_it_runs()
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var alice = await TestPeer.StartAsync(tracker, "alice", null);
        await using var bob = await TestPeer.StartAsync(tracker, "bob", alice);
        var file = await alice.ShareAsync("data.bin", new byte[20_000_000]);
        var download = bob.Receive(file);
        download.Limit = 20_000;
        // At this rate it would take a quarter of an hour.
        await Eventually.HoldsAsync(() => download.Progress.Sources == 1, "a source is connected");

        download.Limit = null;

        await download.Completion.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Throws<ArgumentOutOfRangeException>(() => download.Limit = 0);
    }

    public enum Limited
    {
        Upload,
        PeerServer,
        Download,
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

                        // Nobody's place in the crowd is better than another's.
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

    /// <summary>Stands still until it is told to go on, and calls timers late by up to so much.</summary>
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
                // The awaiting side goes on within the call only where no other context is set, as in production.
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
