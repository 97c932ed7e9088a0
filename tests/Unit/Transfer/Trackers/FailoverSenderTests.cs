using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Trackers;

/// <summary>Which of several trackers is asked, when, how often, and the error if none answers.</summary>
public sealed class FailoverSenderTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly PauseClock _clock = new();
    private readonly InMemoryTracker _first = new("first");
    private readonly InMemoryTracker _second = new("second");

    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
    }

    [Fact]
    public async Task A_line_that_failed_is_asked_again_when_the_others_fail()
    {
        using var session = NewSession();
        _first.AnswerInTurn(InMemoryTracker.Problem(503, ErrorCode.TrackerFailed, "Starting."), InMemoryTracker.EmptyList);
        _second.AnswerInTurn(InMemoryTracker.EmptyList, InMemoryTracker.Refuse);
        await AskAsync(session);
        Assert.Equal(_second.Address, session.Address);

        await AskAsync(session);

        Assert.Equal((2, 2, _first.Address), (_first.Requests.Count, _second.Requests.Count, session.Address));
        Assert.Empty(_clock.Pauses);
    }

    [Theory]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task The_next_tracker_is_asked_when_one_cannot_answer(int status)
    {
        using var session = NewSession();
        foreach (var answer in new[] { InMemoryTracker.Problem(status, ErrorCode.TrackerDatabaseUnavailable, "Unavailable."), InMemoryTracker.Status(status) })
        {
            (_first.Answer, _second.Answer) = (answer, InMemoryTracker.EmptyList);
            await AskAsync(session);
            Assert.Equal(_second.Address, session.Address);

            (_first.Answer, _second.Answer) = (InMemoryTracker.EmptyList, answer);
            await AskAsync(session);
            Assert.Equal(_first.Address, session.Address);
        }

        Assert.Empty(_clock.Pauses);
    }

    [Theory]
    [InlineData(401, ErrorCode.WrongCredentials)]
    [InlineData(403, ErrorCode.NotMember)]
    [InlineData(409, ErrorCode.GroupNameTaken)]
    [InlineData(429, ErrorCode.TooManyAttempts)]
    [InlineData(500, ErrorCode.TrackerFailed)]
    public async Task Any_other_error_is_final_and_no_other_tracker_is_asked(int status, string code)
    {
        _first.Answer = InMemoryTracker.Problem(status, code, "The tracker's own sentence.", retryAfter: 1);
        using var session = NewSession();

        var refused = await FailAsync(session);

        Assert.Equal((code, "The tracker's own sentence."), (refused.Code, refused.Message));
        Assert.Equal((1, 0), (_first.Requests.Count, _second.Requests.Count));
        Assert.Empty(_clock.Pauses);
    }

    [Fact]
    public async Task The_next_tracker_is_asked_after_half_a_minute_without_a_response()
    {
        _first.Answer = InMemoryTracker.Silence;
        using var session = NewSession();
        var asking = session.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync();

        _clock.Advance(TimeSpan.FromSeconds(29.9));
        Assert.False(asking.IsCompleted);
        Assert.Empty(_second.Requests);
        _clock.Advance(TimeSpan.FromSeconds(0.2));

        Assert.Empty(await asking.WaitAsync(Limit));
        Assert.Equal((1, _second.Address), (_second.Requests.Count, session.Address));
    }

    [Fact]
    public async Task The_error_names_a_tracker_that_is_silent()
    {
        _first.Answer = InMemoryTracker.Silence;
        using var session = InMemoryTracker.NewSession(_clock, _first);
        var asking = FailAsync(session);
        _clock.Advance(TimeSpan.FromSeconds(31));

        var silent = await asking.WaitAsync(Limit);

        Assert.Equal(ErrorCode.TrackerUnreachable, silent.Code);
        Assert.Contains("did not answer within 30 seconds", silent.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_tracker_is_asked_once_and_named_if_none_has_ever_answered()
    {
        (_first.Answer, _second.Answer) = (InMemoryTracker.Refuse, InMemoryTracker.Refuse);
        using var session = NewSession();

        var failure = await FailAsync(session);

        Assert.Equal(ErrorCode.TrackerUnreachable, failure.Code);
        Assert.StartsWith("None of the 2 trackers can be used. ", failure.Message, StringComparison.Ordinal);
        Assert.All([_first, _second], tracker => Assert.Contains(tracker.Address.Authority, failure.Message, StringComparison.Ordinal));
        Assert.Equal((1, 1), (_first.Requests.Count, _second.Requests.Count));
        Assert.Empty(_clock.Pauses);
    }

    [Fact]
    public async Task Trackers_that_are_all_unavailable_are_asked_in_rounds_with_growing_delays_for_a_limited_time()
    {
        using var session = await UsedSessionAsync();
        _first.Answer = InMemoryTracker.Problem(503, ErrorCode.TrackerDatabaseUnavailable, "The first one's database is unavailable.");
        _second.Answer = InMemoryTracker.Problem(503, ErrorCode.TrackerDatabaseUnavailable, "The second one's database is unavailable.");
        var before = _clock.GetUtcNow();

        var failure = await FailAsync(session);

        Assert.Equal(ErrorCode.TrackerDatabaseUnavailable, failure.Code);
        var rounds = _first.Requests.Count;
        Assert.All(
            [_first.Address.Authority, _second.Address.Authority, "The first one's database", "The second one's database", $"Asked {rounds} times"],
            text => Assert.Contains(text, failure.Message, StringComparison.Ordinal));
        Assert.Equal(rounds, _second.Requests.Count);
        // A delay is random; one of under a millisecond is no pause.
        var without = rounds - 1 - _clock.Pauses.Count;
        Assert.InRange(without, 0, 1);
        var timeouts = TrackerTimeouts.Default;
        var bound = timeouts.FirstRetryDelay * (1 + without);
        foreach (var pause in _clock.Pauses)
        {
            Assert.InRange(pause, TimeSpan.Zero, bound);
            bound = bound * 2 < timeouts.MaxRetryDelay ? bound * 2 : timeouts.MaxRetryDelay;
        }

        Assert.InRange(_clock.GetUtcNow() - before, timeouts.Retry - timeouts.MaxRetryDelay, timeouts.Retry);
        Assert.InRange(_clock.Pauses.Count, 6, 100);
    }

    [Fact]
    public async Task Only_the_first_call_of_an_outage_waits()
    {
        using var session = await UsedSessionAsync();
        (_first.Answer, _second.Answer) = (InMemoryTracker.Status(503), InMemoryTracker.Status(503));
        for (var i = 0; i < 10; i++)
        {
            await FailAsync(session);
        }

        Assert.InRange(_clock.Pauses.Sum(pause => pause.TotalSeconds), 10, TrackerTimeouts.Default.Retry.TotalSeconds);
        _clock.Advance(TrackerTimeouts.Default.Retry);
        _clock.Pauses.Clear();
        _first.Requests.Clear();
        await FailAsync(session);
        Assert.Equal((0, 1), (_clock.Pauses.Count, _first.Requests.Count));

        _first.Answer = InMemoryTracker.EmptyList;
        await AskAsync(session);
        _first.Answer = InMemoryTracker.Status(503);
        await FailAsync(session);
        Assert.NotEmpty(_clock.Pauses);
    }

    [Fact]
    public async Task A_tracker_that_is_available_again_during_a_call_answers_it()
    {
        using var session = await UsedSessionAsync();
        _second.Answer = InMemoryTracker.Refuse;
        _first.AnswerInTurn(InMemoryTracker.Status(503), InMemoryTracker.Status(503), InMemoryTracker.EmptyList);

        await AskAsync(session);

        Assert.Equal(2, _clock.Pauses.Count);
    }

    [Fact]
    public async Task A_tracker_is_not_asked_again_before_the_time_that_it_named()
    {
        using var session = await UsedSessionAsync();
        _first.AnswerInTurn(InMemoryTracker.Unavailable(retryAfter: 5), InMemoryTracker.EmptyList);
        _second.Answer = InMemoryTracker.Unavailable(retryAfter: 7);

        await AskAsync(session);

        Assert.InRange(Assert.Single(_clock.Pauses), TimeSpan.FromSeconds(4.9), TimeSpan.FromSeconds(5.25));
        Assert.Equal((2, 1, _first.Address), (_first.Requests.Count, _second.Requests.Count, session.Address));
    }

    [Fact]
    public async Task A_call_does_not_wait_for_trackers_that_named_a_long_time()
    {
        using var session = await UsedSessionAsync();
        (_first.Answer, _second.Answer) = (InMemoryTracker.Unavailable(retryAfter: 40), InMemoryTracker.Unavailable(retryAfter: 50));

        await FailAsync(session);
        var failure = await FailAsync(session);

        Assert.Equal(ErrorCode.TrackerDatabaseUnavailable, failure.Code);
        Assert.Empty(_clock.Pauses);
        Assert.Equal((1, 1), (_first.Requests.Count, _second.Requests.Count));
        _first.Answer = InMemoryTracker.EmptyList;
        _clock.Advance(TimeSpan.FromSeconds(41));
        await AskAsync(session);
    }

    [Fact]
    public async Task A_call_can_be_cancelled_during_a_delay()
    {
        var clock = new PauseClock { Goes = false };
        using var session = await UsedSessionAsync(clock);
        (_first.Answer, _second.Answer) = (InMemoryTracker.Status(503), InMemoryTracker.Status(503));
        using var cancel = new CancellationTokenSource();
        var asking = session.ListGroupsAsync(ListQuery.All, cancel.Token).ReadAllAsync();
        Assert.Single(clock.Pauses);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.WaitAsync(Limit));
    }

    [Fact]
    public async Task The_outcome_of_a_write_without_a_response_is_said_to_be_unknown_and_that_of_a_read_is_not()
    {
        using var session = await UsedSessionAsync();
        (_first.Answer, _second.Answer) = (InMemoryTracker.Status(503), InMemoryTracker.Status(503));

        var write = await Assert.ThrowsAsync<P2PShareException>(() => session.CreateGroupAsync("dev", CancellationToken.None));
        var read = await FailAsync(session);

        Assert.Contains("not known", write.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("not known", read.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_write_that_was_never_sent_is_not_said_to_be_unknown()
    {
        using var session = await UsedSessionAsync();
        (_first.Answer, _second.Answer) = (InMemoryTracker.Refuse, InMemoryTracker.Refuse);

        var write = await Assert.ThrowsAsync<P2PShareException>(() => session.CreateGroupAsync("dev", CancellationToken.None));

        Assert.DoesNotContain("not known", write.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logging_out_and_unregistering_do_not_wait_for_a_tracker()
    {
        using var session = await UsedSessionAsync();
        (_first.Answer, _second.Answer) = (InMemoryTracker.Status(503), InMemoryTracker.Status(503));

        await Assert.ThrowsAsync<P2PShareException>(() => session.UnregisterPeerAsync(default, CancellationToken.None));
        await Assert.ThrowsAsync<P2PShareException>(() => session.LogoutAsync(CancellationToken.None));

        Assert.Empty(_clock.Pauses);
    }

    private static async Task AskAsync(TrackerSession session) => Assert.Empty(await session.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync().WaitAsync(Limit));

    private static Task<P2PShareException> FailAsync(TrackerSession session) =>
        Assert.ThrowsAnyAsync<P2PShareException>(() => session.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync().WaitAsync(Limit));

    private TrackerSession NewSession() => InMemoryTracker.NewSession(_clock, _first, _second);

    // A tracker has answered it, so the address is known to be right.
    private Task<TrackerSession> UsedSessionAsync() => UsedSessionAsync(_clock);

    private async Task<TrackerSession> UsedSessionAsync(TimeProvider clock)
    {
        var session = InMemoryTracker.NewSession(clock, _first, _second);
        await AskAsync(session);
        _first.Requests.Clear();
        return session;
    }
}
