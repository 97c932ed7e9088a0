using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Downloading;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>A limit acts on what is requested, and only on the download that it is set for.</summary>
public sealed class RequestSenderTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly BandwidthLimiter _total;
    private readonly CancellationTokenSource _ending = new();

    public RequestSenderTests() => _total = new BandwidthLimiter(_clock);

    public void Dispose() => _ending.Dispose();

    [Theory]
    [InlineData(20)]
    [InlineData(1_000_000)]
    public async Task A_limited_download_requests_as_its_limit_allows_and_another_one_at_once(long limit)
    {
        var limited = new Fixture(this, limit);
        var free = new Fixture(this, null);

        limited.Sender.Send(limited.Source);
        free.Sender.Send(free.Source);

        Assert.True(free.Bytes >= 1024 * 1024, $"{free.Bytes} bytes were requested.");
        Assert.Equal(0, limited.Bytes);
        var seconds = 4 * 128 * 1024.0 / limit;
        await limited.AdvanceAsync(TimeSpan.FromSeconds(seconds), steps: 64);
        Assert.InRange(limited.Bytes, limit * seconds * 0.7, limit * seconds * 1.01 + 1);
    }

    [Fact]
    public async Task While_a_download_waits_for_its_own_limit_it_takes_no_turn_of_the_total()
    {
        _total.Limit = 10_000_000;
        var limited = new Fixture(this, 20);
        var free = new Fixture(this, null);
        limited.Sender.Send(limited.Source);

        free.Sender.Send(free.Source);
        await free.AdvanceAsync(TimeSpan.FromMilliseconds(100), steps: 10);

        Assert.InRange(free.Bytes, 500_000, 1_010_000);
        Assert.Equal(0, limited.Bytes);
    }

    [Fact]
    public async Task Two_downloads_share_the_total_in_turn()
    {
        _total.Limit = 1_000_000;
        var (one, other) = (new Fixture(this, null), new Fixture(this, null));
        one.Sender.Send(one.Source);
        other.Sender.Send(other.Source);

        await one.AdvanceAsync(TimeSpan.FromSeconds(1), steps: 50, () => one.Bytes + other.Bytes >= 850_000);

        Assert.InRange(one.Bytes, other.Bytes - 140_000, other.Bytes + 140_000);
        Assert.InRange(one.Bytes + other.Bytes, 700_000, 1_010_000);
    }

    [Fact]
    public async Task A_limit_ends_with_its_download()
    {
        _total.Limit = 1000;
        var limited = new Fixture(this, null);
        limited.Sender.Send(limited.Source);
        await _ending.CancelAsync();
        var next = new Fixture(this, null, CancellationToken.None);
        next.Sender.Send(next.Source);

        // 16 KiB at 1000 bytes a second, and nothing for the one that has ended.
        await next.AdvanceAsync(TimeSpan.FromSeconds(16.5), steps: 33, () => next.Bytes > 0);

        Assert.Equal((0, 16 * 1024), (limited.Bytes, next.Bytes));
    }

    [Fact]
    public async Task Removing_a_limit_sends_what_waited_for_it()
    {
        var limited = new Fixture(this, 20);
        limited.Sender.Send(limited.Source);
        Assert.Equal(0, limited.Bytes);

        limited.Own.Limit = null;

        await Eventually.HoldsAsync(() => limited.Bytes >= 1024 * 1024, "all that the source may have pending was requested");
    }

    [Fact]
    public async Task What_a_source_rejects_is_not_counted()
    {
        var limited = new Fixture(this, 160_000);
        limited.Sender.Send(limited.Source);
        await limited.AdvanceAsync(TimeSpan.FromSeconds(0.2), steps: 20, () => limited.Peer.Requests.Count > 0);
        var request = limited.Peer.Requests[0];

        limited.Scheduler.Reject(limited.Source, request);
        limited.Sender.Send(limited.Source);
        // One request in 0.1024 seconds: the next one, and another one in place of the first.
        await limited.AdvanceAsync(TimeSpan.FromSeconds(0.11), steps: 11);

        await Eventually.HoldsAsync(() => limited.Peer.Requests.Count == 3, "another piece is requested without waiting");
    }

    private sealed class Fixture
    {
        private readonly FakeTimeProvider _clock;

        public Fixture(RequestSenderTests test, long? limit, CancellationToken? ending = null)
        {
            _clock = test._clock;
            var content = TestContent.Make(16 * TestContent.MiB, 256 * TestContent.KiB);
            Scheduler = new RequestScheduler(content.Description, content.None, new Random(1), new PieceMemoryBudget(long.MaxValue), _clock);
            var sources = new SourcePool(
                "data.bin", Hash256.Compute([]), null!, _ => { }, double.MaxValue, new Random(1), NullLogger.Instance, _clock);
            Source = sources.TryAdd(Peer)!;
            Scheduler.Add(Source, content.All);
            Own = new BandwidthLimiter(_clock) { Limit = limit };
            Sender = new RequestSender(
                Scheduler, new PieceLayerFetch(content.Description, _clock), sources, new RequestLimit(Own, test._total), new DownloadTimings(_clock),
                canVerify: true, ending ?? test._ending.Token);
        }

        public FakeSource Peer { get; } = new(1);

        public RequestScheduler Scheduler { get; }

        public DownloadSource Source { get; }

        public BandwidthLimiter Own { get; }

        public RequestSender Sender { get; }

        public long Bytes => Peer.Requests.ToArray().Sum(request => (long)request.Count);

        // A limiter's timer continues on another thread: after each step it gets the time to do so.
        public async Task AdvanceAsync(TimeSpan time, int steps, Func<bool>? isDone = null)
        {
            for (var i = 0; i < steps && isDone?.Invoke() != true; i++)
            {
                _clock.Advance(time / steps);
                for (var turn = 0; turn < 200; turn++)
                {
                    await Task.Yield();
                }
            }
        }
    }
}
