using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Trackers;

/// <summary>A peer's stream of requests to dial that is lost, refused and opened again.</summary>
public sealed class DialRequestStreamTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private const double Tenth = 0.1;
    private static readonly Hash256 Own = Hash256.Compute([1]);

    private readonly PauseClock _clock = new();
    private readonly InMemoryTracker _tracker = new("tracker");
    private readonly TrackerSession _session;
    private readonly ConcurrentQueue<DialEvent> _received = [];

    public DialRequestStreamTests() => _session = InMemoryTracker.NewSession(_clock, _tracker);

    public void Dispose()
    {
        _session.Dispose();
        _tracker.Dispose();
    }

    [Fact]
    public async Task Requests_of_one_stream_after_the_other_are_handled_and_nothing_else_is()
    {
        _tracker.AnswerInTurn(
            Stream(Item("ready", "{}"), Dial(2), Item("heartbeat", "{}"), Item("dial", "{}"), Item("newer", "text"), Dial(3)), Stream(Dial(4)), InMemoryTracker.Silence);

        await RunAsync(requests: 3);

        Assert.Equal([Peer(2), Peer(3), Peer(4)], _received.Select(dial => dial.Peer.Fingerprint).Take(3));
        Assert.All(_tracker.Requests.Take(2), request => Assert.EndsWith(TrackerRoutes.Dials(Own), request, StringComparison.Ordinal));
        // A random time of a minute: all peers of a tracker lose it together.
        Assert.Equal(TimeSpan.FromSeconds(60 * Tenth), _clock.Pauses.First());
    }

    [Fact]
    public async Task A_refused_stream_is_tried_again_less_and_less_often_and_not_before_the_tracker_allows()
    {
        _tracker.AnswerInTurn(
            InMemoryTracker.Problem(403, ErrorCode.QuotaExceeded, "Too many peers wait."),
            InMemoryTracker.Problem(429, ErrorCode.TooManyAttempts, "Too many requests.", retryAfter: 5),
            InMemoryTracker.Problem(404, ErrorCode.PeerNotFound, "Announce it first."),
            Stream(Dial(2)), InMemoryTracker.Silence);

        await RunAsync(requests: 1);

        var pauses = _clock.Pauses.Take(3).ToArray();
        Assert.Equal([60 * Tenth, 5 + (120 * Tenth), 120 * Tenth], pauses.Select(pause => pause.TotalSeconds));
    }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(-60)]
    public async Task No_time_that_a_tracker_names_ends_it(int retryAfter)
    {
        // Again and again: a stream ends unread if the clock runs past its lifetime before this machine has read it.
        _tracker.AnswerInTurn(Busy(retryAfter), Stream(Dial(2)));

        var running = RunAsync(requests: 1);
        await Eventually.HoldsAsync(
            () =>
            {
                _clock.Advance(TimeSpan.FromMinutes(1));
                return running.IsCompleted;
            },
            "the next stream was read");

        await running;
        Assert.All(
            _clock.Timeouts.Where(wait => wait != DialRequestStream.Lifetime),
            wait => Assert.InRange(wait, TimeSpan.Zero, RetryDelay.MaxRetryAfter + TimeSpan.FromMinutes(2)));
    }

    [Fact]
    public async Task Names_in_a_request_cannot_act_on_a_terminal()
    {
        _tracker.AnswerInTurn(Stream(Item("dial", JsonSerializer.Serialize(
            new DialEvent(TestIds.Of("dev"), "d\u001b]0;x", Hash256.Compute([9]), new SourcePeer(Peer(2), TestIds.Of("bob"), TestIds.Of("session"), "b\u001b[2J", false, ["127.0.0.1:1"])),
            TrackerJson.Default.DialEvent))), InMemoryTracker.Silence);

        await RunAsync(requests: 1);

        Assert.Equal(("d\uFFFD]0;x", "b\uFFFD[2J"), (_received.First().Group, _received.First().Peer.UserName));
    }

    // A negative number of seconds: a date in the past.
    private static InMemoryTracker.Response Busy(int seconds) => seconds >= 0
        ? InMemoryTracker.Problem(429, ErrorCode.TooManyAttempts, "Too many requests.", seconds)
        : (_, _) =>
        {
            var now = DateTimeOffset.UnixEpoch;
            var response = new HttpResponseMessage((System.Net.HttpStatusCode)429) { Headers = { Date = now } };
            response.Headers.RetryAfter = new RetryConditionHeaderValue(now.AddSeconds(seconds));
            return Task.FromResult(response);
        };

    private static Hash256 Peer(byte number) => Hash256.Compute([number]);

    private static string Item(string type, string data) => $"event: {type}\ndata: {data}\n\n";

    private static string Dial(byte number) => Item("dial", JsonSerializer.Serialize(
        new DialEvent(TestIds.Of("dev"), "dev", Hash256.Compute([9]), new SourcePeer(Peer(number), TestIds.Of("bob"), TestIds.Of("session"), "bob", false, ["127.0.0.1:1"])),
        TrackerJson.Default.DialEvent));

    private static InMemoryTracker.Response Stream(params string[] items) => (_, _) => Task.FromResult(new HttpResponseMessage
    {
        Content = new ByteArrayContent(Encoding.UTF8.GetBytes(string.Concat(items))) { Headers = { ContentType = new MediaTypeHeaderValue("text/event-stream") } },
    });

    private async Task RunAsync(int requests)
    {
        using var stopping = new CancellationTokenSource();
        var running = new DialRequestStream(_session, Own, Handle, _clock, NullLogger.Instance, new FixedRandom(Tenth)).RunAsync(stopping.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(Limit));

        void Handle(DialEvent dial)
        {
            _received.Enqueue(dial);
            if (_received.Count == requests)
            {
                stopping.Cancel();
            }
        }
    }
}
