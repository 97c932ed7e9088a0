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
    [InlineData(20, 16 * 1024)]
    [InlineData(1_000_000, 64 * 1024)]
    public async Task A_limited_download_requests_as_its_limit_allows_and_another_one_at_once(long limit, int requestLength)
    {
        var limited = new Fixture(this, limit);
        var free = new Fixture(this, null);

        limited.Sender.Send(limited.Source);
        free.Sender.Send(free.Source);

        Assert.True(free.Bytes >= 1024 * 1024, $"{free.Bytes} bytes were requested.");
        // Almost as long as one request takes.
        await _clock.StepAsync(TimeSpan.FromSeconds(0.9 * requestLength / limit));
        Assert.Equal(0, limited.Bytes);
        for (var sent = 1; sent <= 8; sent++)
        {
            await PassAsync(requestLength, limit, () => limited.Bytes >= sent * requestLength && limited.Own.WaitingCount == 1);
            Assert.InRange(limited.Bytes, sent * requestLength, (sent + 1) * requestLength);
        }
    }

    [Fact]
    public async Task While_a_download_waits_for_its_own_limit_it_takes_no_turn_of_the_total()
    {
        _total.Limit = 10_000_000;
        var limited = new Fixture(this, 20);
        var free = new Fixture(this, null);
        limited.Sender.Send(limited.Source);
        free.Sender.Send(free.Source);

        for (var sent = 1; sent <= 3; sent++)
        {
            await PassAsync(256 * 1024, 10_000_000, () => free.Bytes == sent * 256 * 1024 && _total.WaitingCount == 1);
        }

        Assert.Equal((0, 1), (limited.Bytes, limited.Own.WaitingCount));
    }

    [Fact]
    public async Task Two_downloads_share_the_total_in_turn()
    {
        _total.Limit = 1_000_000;
        var (one, other) = (new Fixture(this, null), new Fixture(this, null));
        one.Sender.Send(one.Source);
        other.Sender.Send(other.Source);

        for (var sent = 1; sent <= 8; sent++)
        {
            await PassAsync(64 * 1024, 1_000_000, () => one.Bytes + other.Bytes == sent * 64 * 1024 && _total.WaitingCount == 2);
        }

        Assert.Equal(one.Bytes, other.Bytes);
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
        await Eventually.HoldsAsync(() => _total.WaitingCount == 1, "the one that has ended does not wait any more");

        await PassAsync(16 * 1024, 1000, () => next.Bytes == 16 * 1024);

        Assert.Equal(0, limited.Bytes);
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
        const int Limit = 160_000;
        var limited = new Fixture(this, Limit);
        limited.Sender.Send(limited.Source);
        await PassAsync(16 * 1024, Limit, () => limited.Bytes == 16 * 1024 && limited.Own.WaitingCount == 1);

        limited.Scheduler.Reject(limited.Source, limited.Peer.Requests[0]);
        limited.Sender.Send(limited.Source);

        // The next one, and another one in place of the first.
        await PassAsync(16 * 1024, Limit, () => limited.Peer.Requests.Count == 3);
    }

    // As long as a request takes, in whole milliseconds as timers count them. Who waited for a limit continues on another thread, so that
    // each step is taken when the one before has had its effect.
    private async Task PassAsync(int bytes, long limit, Func<bool> isDone)
    {
        await _clock.StepAsync(TimeSpan.FromMilliseconds(Math.Floor(1000.0 * bytes / limit) + 1));
        await Eventually.HoldsAsync(isDone, "the limit lets pass what its time allows");
    }

    private sealed class Fixture
    {
        public Fixture(RequestSenderTests test, long? limit, CancellationToken? ending = null)
        {
            var clock = test._clock;
            var content = TestContent.Make(16 * TestContent.MiB, 256 * TestContent.KiB);
            Scheduler = new RequestScheduler(content.Description, content.None, new Random(1), new PieceMemoryBudget(long.MaxValue), clock);
            var sources = new SourcePool(
                "data.bin", Hash256.Compute([]), null!, _ => { }, double.MaxValue, new Random(1), NullLogger.Instance, clock);
            Source = sources.TryAdd(Peer)!;
            Scheduler.Add(Source, content.All);
            Own = new BandwidthLimiter(clock) { Limit = limit };
            Sender = new RequestSender(
                Scheduler, new PieceLayerFetch(content.Description, clock), sources, new RequestLimit(Own, test._total), new DownloadTimings(clock),
                canVerify: true, ending ?? test._ending.Token);
        }

        public FakeSource Peer { get; } = new(1);

        public RequestScheduler Scheduler { get; }

        public DownloadSource Source { get; }

        public BandwidthLimiter Own { get; }

        public RequestSender Sender { get; }

        public long Bytes => Peer.BytesRequested;
    }
}
