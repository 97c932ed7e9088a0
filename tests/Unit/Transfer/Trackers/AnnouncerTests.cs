using System.Collections.Concurrent;
using System.Net.Http.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Trackers;

/// <summary>That announces are sent, repeated and waited for.</summary>
public sealed class AnnouncerTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly Hash256 Root = Hash256.Compute([1]);

    private readonly TimerClock _clock = new();
    private readonly InMemoryTracker _tracker = new("tracker");
    private readonly AnnounceHandler _handler = new();
    private readonly ConcurrentQueue<AnnounceRequest> _requests = [];
    private readonly ConcurrentQueue<string> _warnings = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly TrackerSession _session;
    private readonly Announcer _announcer;
    private volatile AnnounceResponse _response = new(20, Known: true, [], [], 0);

    public AnnouncerTests()
    {
        _session = InMemoryTracker.NewSession(_clock, _tracker);
        _announcer = new Announcer(_session, Hash256.Compute([2]), () => new FingerprintProof([1], [2]), 5000, _handler, _clock, new SentenceLogger(LogLevel.Warning, _warnings.Enqueue));
        _tracker.Answer = AcceptAsync;
    }

    public void Dispose()
    {
        _stop.Dispose();
        _session.Dispose();
        _tracker.Dispose();
    }

    [Fact]
    public async Task A_change_is_announced_and_a_caller_waits_for_it()
    {
        await _announcer.AnnounceAsync(CancellationToken.None);
        var running = _announcer.RunAsync(_ => { }, _stop.Token);

        _announcer.Hold(TestIds.Of("dev"), Root, isComplete: true);
        await _announcer.FlushAsync(CancellationToken.None).WaitAsync(Limit);

        Assert.Equal(2, _requests.Count);
        Assert.Equal([new(TestIds.Of("dev"), Root, true)], _requests.Last().Holdings);
        _announcer.Withdraw(TestIds.Of("dev"), Root);
        await _announcer.FlushAsync(CancellationToken.None).WaitAsync(Limit);
        Assert.Equal([new(TestIds.Of("dev"), Root, false)], _requests.Last().Removed);
        await StopAsync(running);
    }

    [Fact]
    public async Task Waiting_ends_at_once_when_everything_is_announced()
    {
        await _announcer.AnnounceAsync(CancellationToken.None);
        Assert.True(_announcer.FlushAsync(CancellationToken.None).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_failure_is_logged_once_and_the_announce_repeated_when_the_delay_has_passed()
    {
        await _announcer.AnnounceAsync(CancellationToken.None);
        _tracker.Answer = InMemoryTracker.Problem(429, ErrorCode.TooManyAttempts, "Too many requests.", retryAfter: 40);
        var running = _announcer.RunAsync(_ => { }, _stop.Token);
        _announcer.Hold(TestIds.Of("dev"), Root, isComplete: true);

        var failure = await Assert.ThrowsAsync<TooManyAttemptsException>(() => _announcer.FlushAsync(CancellationToken.None).WaitAsync(Limit));
        Assert.Equal("Too many requests.", failure.Message);
        _tracker.Answer = AcceptAsync;
        var flushed = _announcer.FlushAsync(CancellationToken.None);
        await UntilAsync(() => _clock.Has(TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(42)));
        _clock.Advance(TimeSpan.FromSeconds(39));
        Assert.False(flushed.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(3));
        await flushed.WaitAsync(Limit);

        Assert.True(_requests.Last().Full);
        Assert.Contains("Too many requests.", Assert.Single(_warnings), StringComparison.Ordinal);
        await StopAsync(running);
    }

    [Fact]
    public async Task Revocations_that_fill_a_response_are_followed_at_once_by_the_rest()
    {
        Revocation[] all = [.. Enumerable.Range(1, AnnounceResponse.MaxRevocations + 1).Select(i => new Revocation(i, TestIds.Of("ops"), TestIds.Of("bob"), null, DateTimeOffset.UnixEpoch))];
        _response = new AnnounceResponse(20, Known: true, [], all[..^1], all[^2].Number);
        _tracker.Answer = async (request, cancellationToken) =>
        {
            var answer = await AcceptAsync(request, cancellationToken);
            _response = new AnnounceResponse(20, Known: true, [], [all[^1]], all[^1].Number);
            return answer;
        };

        await _announcer.AnnounceAsync(CancellationToken.None);
        await _announcer.AnnounceAsync(CancellationToken.None);

        Assert.Equal([0, all[^2].Number, all[^1].Number], _requests.Select(request => request.RevocationsAfter));
        Assert.Equal(all.Length + 1, _handler.Revoked.Count);
    }

    [Fact]
    public async Task An_announce_that_a_quota_refuses_is_followed_by_a_heartbeat_which_delivers_revocations()
    {
        var revocation = new Revocation(8, TestIds.Of("dev"), TestIds.Of("bob"), null, DateTimeOffset.UnixEpoch);
        _response = new AnnounceResponse(20, Known: true, [], [revocation], RevocationsAfter: 8);
        var refuse = InMemoryTracker.Problem(403, ErrorCode.QuotaExceeded, "Too many contents.");
        var accept = _tracker.Answer;
        _tracker.Answer = async (request, cancellationToken) =>
        {
            var answer = await accept(request, cancellationToken);
            return _requests.Last().Holdings.Count > 0 ? await refuse(request, cancellationToken) : answer;
        };
        _announcer.Hold(TestIds.Of("dev"), Root, isComplete: true);

        var refused = await Assert.ThrowsAsync<P2PShareException>(() => _announcer.AnnounceAsync(CancellationToken.None));

        Assert.Equal((ErrorCode.QuotaExceeded, "Too many contents."), (refused.Code, refused.Message));
        Assert.Equal([(true, 1), (false, 0)], _requests.Select(request => (request.Full, request.Holdings.Count)));
        Assert.Equal([revocation], _handler.Revoked);
        // The next one tells the tracker everything again, and what it knows of revocations.
        await Assert.ThrowsAsync<P2PShareException>(() => _announcer.AnnounceAsync(CancellationToken.None));
        Assert.Equal([(true, 1, 0L), (false, 0, 0L), (true, 1, 8L), (false, 0, 8L)], _requests.Select(request => (request.Full, request.Holdings.Count, request.RevocationsAfter)));
    }

    [Fact]
    public async Task Only_a_full_announce_proves_the_fingerprint()
    {
        await _announcer.AnnounceAsync(CancellationToken.None);
        await _announcer.AnnounceAsync(CancellationToken.None);

        Assert.Equal([(true, true), (false, false)], _requests.Select(request => (request.Full, request.Proof is not null)));
    }

    [Fact]
    public async Task The_handler_receives_what_the_tracker_rejected_and_revoked()
    {
        _announcer.Hold(TestIds.Of("dev"), Root, isComplete: true);
        var revocation = new Revocation(7, TestIds.Of("ops"), TestIds.Of("bob"), null, DateTimeOffset.UnixEpoch);
        _response = new AnnounceResponse(20, Known: true, [new Announcement(TestIds.Of("dev"), Root, true)], [revocation], RevocationsAfter: 0);

        await _announcer.AnnounceAsync(CancellationToken.None);

        Assert.Equal([new(TestIds.Of("dev"), Root, true)], _handler.Rejected);
        Assert.Equal([revocation], _handler.Revoked);
    }

    [Fact]
    public async Task Everything_is_announced_once_more_after_the_users_own_access_was_revoked()
    {
        _announcer.Hold(TestIds.Of("dev"), Root, isComplete: true);
        _handler.IsOwnRevoked = true;

        await _announcer.AnnounceAsync(CancellationToken.None);

        Assert.Equal([true, true], _requests.Select(request => request.Full));
    }

    [Fact]
    public async Task A_heartbeat_is_sent_once_an_interval()
    {
        await _announcer.AnnounceAsync(CancellationToken.None);
        var running = _announcer.RunAsync(_ => { }, _stop.Token);
        _clock.Advance(TimeSpan.FromSeconds(15.9));
        Assert.Single(_requests);

        _clock.Advance(TimeSpan.FromSeconds(4.1));
        await UntilAsync(() => _requests.Count == 2);

        Assert.Equal((false, 0, 0), (_requests.Last().Full, _requests.Last().Holdings.Count, _requests.Last().Removed.Count));
        await StopAsync(running);
    }

    [Fact]
    public async Task The_end_of_the_session_ends_it_with_the_reason()
    {
        await _announcer.AnnounceAsync(CancellationToken.None);
        _tracker.Answer = InMemoryTracker.Problem(401, ErrorCode.NotLoggedIn, "No session.");
        P2PShareException? ended = null;
        var running = _announcer.RunAsync(error => ended = error, _stop.Token);

        _announcer.Hold(TestIds.Of("dev"), Root, isComplete: true);
        await Assert.ThrowsAsync<P2PShareException>(() => _announcer.FlushAsync(CancellationToken.None));

        await running.WaitAsync(Limit);
        Assert.Equal(ErrorCode.NotLoggedIn, ended?.Code);
        Assert.Empty(_warnings);
    }

    [Fact]
    public async Task A_late_answer_does_not_reject_what_was_shared_again_meanwhile()
    {
        _announcer.Hold(TestIds.Of("dev"), Root, isComplete: true);
        _response = _response with { Rejected = [new Announcement(TestIds.Of("dev"), Root, true)] };
        _tracker.Answer = async (request, cancellationToken) =>
        {
            if (_requests.IsEmpty)
            {
                _announcer.Withdraw(TestIds.Of("dev"), Root);
                _announcer.Hold(TestIds.Of("dev"), Root, isComplete: true);
            }

            var response = await AcceptAsync(request, cancellationToken);
            _response = _response with { Rejected = [] };
            return response;
        };

        await _announcer.AnnounceAsync(CancellationToken.None);

        Assert.Empty(_handler.Rejected);
        Assert.Equal([new(TestIds.Of("dev"), Root, true)], _requests.Last().Holdings);
        Assert.Equal(2, _requests.Count);
    }

    private async Task<HttpResponseMessage> AcceptAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        _requests.Enqueue((await request.Content!.ReadFromJsonAsync(TrackerJson.Default.AnnounceRequest, cancellationToken))!);
        return new HttpResponseMessage { Content = JsonContent.Create(_response, TrackerJson.Default.AnnounceResponse) };
    }

    private async Task StopAsync(Task running)
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(Limit));
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>A clock that knows which timers were started: a test advances it when the delay that it is about has begun.</summary>
    private sealed class TimerClock : FakeTimeProvider
    {
        private readonly ConcurrentBag<TimeSpan> _started = [];

        public bool Has(TimeSpan least, TimeSpan most) => _started.Any(delay => delay >= least && delay <= most);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            _started.Add(dueTime);
            return timer;
        }
    }
}
