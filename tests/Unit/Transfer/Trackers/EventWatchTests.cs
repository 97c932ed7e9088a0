using System.Net.Http.Headers;
using System.Text;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Trackers;

/// <summary>A stream of events that is lost and continued.</summary>
public sealed class EventWatchTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly PauseClock _clock = new();
    private readonly InMemoryTracker _tracker = new("tracker");
    private readonly TrackerSession _session;
    private readonly List<string?> _lastEventIds = [];
    private int _ready;

    public EventWatchTests() => _session = InMemoryTracker.NewSession(_clock, _tracker);

    public void Dispose()
    {
        _session.Dispose();
        _tracker.Dispose();
    }

    [Fact]
    public async Task A_stream_that_ends_is_continued_after_the_last_event()
    {
        Serve(
            Stream(Item("ready", 4), Event(5, "a"), Item("heartbeat", 6)),
            Stream(Item("ready", 6), Event(7, "b")));

        Assert.Equal(["a", "b"], await ReadAsync(2));

        Assert.Equal([null, "6"], _lastEventIds);
        Assert.Equal(2, _ready);
        Assert.InRange(Assert.Single(_clock.Pauses), TimeSpan.Zero, TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task A_tracker_that_is_unavailable_after_the_first_event_is_tried_until_it_answers()
    {
        Serve(Stream(Item("ready", 4), Event(5, "a")), InMemoryTracker.Problem(500, ErrorCode.TrackerFailed, "Failed."), Stream(Event(6, "b")));
        Assert.Equal(["a", "b"], await ReadAsync(2));
        Assert.Equal([null, "5", "5"], _lastEventIds);
    }

    [Fact]
    public async Task A_tracker_that_is_unavailable_at_the_start_is_an_error()
    {
        Serve(InMemoryTracker.Refuse);
        Assert.Equal(ErrorCode.TrackerUnreachable, (await Assert.ThrowsAsync<P2PShareException>(() => ReadAsync(1))).Code);
    }

    [Fact]
    public async Task Too_many_requests_do_not_end_the_watch_and_the_trackers_time_is_waited_for()
    {
        var busy = InMemoryTracker.Problem(429, ErrorCode.TooManyAttempts, "Too many requests.", retryAfter: 10);
        // The stream ends and is busy; at the start it is busy too. The second 429 is a proxy's, without a time.
        Serve(busy, Stream(Item("ready", 4), Event(5, "a")), busy, InMemoryTracker.Status(429), Stream(Event(6, "b")));

        Assert.Equal(["a", "b"], await ReadAsync(2));

        var pauses = _clock.Pauses.Select(pause => pause.TotalSeconds).ToArray();
        Assert.Equal([null, null, "5", "5", "5"], _lastEventIds);
        Assert.Equal(4, pauses.Length);
        // All clients may have been told the same time.
        Assert.All([pauses[0], pauses[2]], pause => Assert.InRange(pause, 10, 14));
        Assert.All([pauses[1], pauses[3]], pause => Assert.InRange(pause, 0, 16));
    }

    [Fact]
    public async Task The_end_of_the_session_ends_the_watch()
    {
        Serve(Stream(Item("ready", 4), Event(5, "a")), InMemoryTracker.Problem(401, ErrorCode.NotLoggedIn, "No session."));
        Assert.Equal(ErrorCode.NotLoggedIn, (await Assert.ThrowsAsync<P2PShareException>(() => ReadAsync(2))).Code);
    }

    [Fact]
    public async Task An_event_of_an_unknown_kind_is_left_out()
    {
        Serve(Stream(Item("ready", 4), "event: Invented\nid: 5\ndata: {\"x\":1}\n\n", Event(6, "a")));
        Assert.Equal(["a"], await ReadAsync(1));
    }

    [Theory]
    [InlineData("data: ", "")]
    [InlineData("", "")]
    [InlineData(": ", "\n")]
    [InlineData("data: ", "\r\n")]
    [InlineData("data: ", "\r")]
    public async Task An_event_beyond_64_KiB_is_an_error(string field, string end)
    {
        // In one line that does not end, or in many.
        var line = field + new string('a', 4096 - field.Length - end.Length) + end;
        Serve(Stream(Item("ready", 4), Event(5, "a"), string.Concat(Enumerable.Repeat(line, 17)), "\n\n", Event(6, "b")));

        var error = await Assert.ThrowsAsync<P2PShareException>(() => ReadAsync(2));

        Assert.Equal(ErrorCode.NotATracker, error.Code);
        Assert.Contains("larger than 64 KiB", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\r")]
    public async Task Any_number_of_events_below_64_KiB_is_read(string end)
    {
        var item = $"event: Invented{end}data: {new string('a', 60 * 1024)}{end}{end}";
        Serve(Stream([Item("ready", 4), .. Enumerable.Repeat(item, 40), Event(6, "a")]));

        Assert.Equal(["a"], await ReadAsync(1));
    }

    [Fact]
    public async Task An_event_that_cannot_be_read_is_an_error()
    {
        Serve(Stream(Item("ready", 4), "event: FileShared\nid: 5\ndata: {\n\n"));
        Assert.Equal(ErrorCode.NotATracker, (await Assert.ThrowsAsync<P2PShareException>(() => ReadAsync(1))).Code);
    }

    [Fact]
    public async Task A_stream_that_is_silent_is_given_up_and_continued()
    {
        var silent = new SilentStream(Encoding.UTF8.GetBytes(Item("ready", 4) + Event(5, "a")));
        Serve(Respond(new StreamContent(silent)), Stream(Event(6, "b")));
        var reading = ReadAsync(2);
        await silent.Reached.WaitAsync(Limit);

        _clock.Advance(GroupEventItems.LongestSilence + TimeSpan.FromSeconds(1));

        Assert.Equal(["a", "b"], await reading.WaitAsync(Limit));
    }

    [Fact]
    public async Task Cancelling_ends_the_watch()
    {
        var silent = new SilentStream(Encoding.UTF8.GetBytes(Item("ready", 4)));
        Serve(Respond(new StreamContent(silent)));
        using var cancel = new CancellationTokenSource();
        var reading = ReadAsync(1, cancel.Token);
        await silent.Reached.WaitAsync(Limit);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(Limit));
    }

    private static string Item(string type, long id) => $"event: {type}\nid: {id}\ndata:\n\n";

    private static string Event(long id, string fileName)
    {
        var data = System.Text.Json.JsonSerializer.Serialize(
            new GroupEvent(id, GroupEventKind.FileShared, TestIds.Of("dev"), "dev", "alice", DateTimeOffset.UnixEpoch, fileName), TrackerJson.Default.GroupEvent);
        return $"event: {GroupEventKind.FileShared}\nid: {id}\ndata: {data}\n\n";
    }

    private static InMemoryTracker.Response Stream(params string[] items) => Respond(new StringContent(string.Concat(items)));

    private static InMemoryTracker.Response Respond(HttpContent content)
    {
        content.Headers.ContentType = new MediaTypeHeaderValue("text/event-stream");
        return (_, _) => Task.FromResult(new HttpResponseMessage { Content = content });
    }

    private void Serve(params InMemoryTracker.Response[] answers)
    {
        _tracker.AnswerInTurn(answers);
        var answer = _tracker.Answer;
        _tracker.Answer = (request, cancellationToken) =>
        {
            _lastEventIds.Add(request.Headers.TryGetValues("Last-Event-ID", out var ids) ? ids.Single() : null);
            return answer(request, cancellationToken);
        };
    }

    private async Task<List<string?>> ReadAsync(int count, CancellationToken cancellationToken = default)
    {
        var names = new List<string?>();
        await foreach (var read in _session.WatchEventsAsync(["dev"], () => _ready++, cancellationToken))
        {
            names.Add(read.FileName);
            if (names.Count == count)
            {
                break;
            }
        }

        return names;
    }

    /// <summary>Gives some bytes and then nothing, without an end.</summary>
    private sealed class SilentStream(byte[] bytes) : MemoryStream(bytes)
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Reached => _reached.Task;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position == Length)
            {
                _reached.TrySetResult();
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            return await base.ReadAsync(buffer, cancellationToken);
        }
    }
}
