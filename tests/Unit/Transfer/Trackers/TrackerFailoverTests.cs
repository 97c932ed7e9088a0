using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Trackers;

/// <summary>The order of trackers, without any of them.</summary>
public sealed class TrackerFailoverTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly TrackerFailover _failover;

    public TrackerFailoverTests() => _failover = new TrackerFailover(3, _clock, TrackerTimeouts.Default);

    [Fact]
    public void The_trackers_are_asked_in_the_order_of_the_lines()
    {
        var call = Begin();
        Assert.Equal([0, 1, 2], AskAll(call));
        Assert.False(call.TryNext());
    }

    [Fact]
    public void The_tracker_that_answered_last_is_asked_first_and_the_others_after_it_in_order()
    {
        Answer(1);
        Assert.Equal([1, 2, 0], AskAll(Begin()));
    }

    [Fact]
    public void Another_tracker_that_answers_is_a_move_and_the_first_one_is_not()
    {
        Assert.False(Answer(1));
        Assert.False(Answer(1));
        Assert.True(Answer(2));
        Assert.True(Answer(0));
    }

    [Fact]
    public void A_call_that_begins_during_another_one_begins_with_the_tracker_that_is_tried_next()
    {
        var call = Begin();
        call.TryNext();
        call.ReportUnavailable(Unavailable());

        Assert.Equal(1, _failover.Current);
    }

    [Fact]
    public void A_late_answer_of_a_tracker_that_was_left_leads_no_call_back_to_it()
    {
        Answer(0);
        var slow = Begin();
        slow.TryNext();
        Answer(1);

        Assert.False(slow.ReportAnswer().Moved);

        Assert.Equal(1, _failover.Current);
    }

    [Fact]
    public void An_unusable_tracker_is_not_asked_again_in_the_call_and_is_reported_once_a_session()
    {
        Answer(0);
        var error = new P2PShareException(ErrorCode.NotATracker, "Not a tracker.");
        var call = Begin();
        call.TryNext();
        call.ReportUnusable(error);
        Assert.Equal([1, 2], AskAll(call));
        Assert.NotNull(call.NextRound());
        Assert.True(call.TryNext());
        Assert.Equal(1, call.Index);
        Assert.Equal([error], call.ReportAnswer().Skipped);

        var next = Begin();
        Assert.Equal([1, 2], [Next(next), Next(next)]);
        Assert.Equal(0, Next(next));
        next.ReportUnusable(error);
        Assert.False(next.TryNext());
        next.NextRound();
        next.TryNext();
        Assert.Empty(next.ReportAnswer().Skipped);
    }

    [Fact]
    public void A_tracker_that_named_a_time_is_skipped_until_then_and_at_most_a_minute()
    {
        var call = Begin();
        call.TryNext();
        call.ReportUnavailable(Unavailable(retryAfter: TimeSpan.FromMinutes(10)));

        Assert.Equal([1, 2], AskAll(Begin()));
        Assert.Equal(TimeSpan.FromMinutes(1), _failover.RetryAfter(0)!.Value.Left);
        _clock.Advance(TimeSpan.FromSeconds(59));
        Assert.NotNull(_failover.RetryAfter(0));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(_failover.RetryAfter(0));
    }

    [Fact]
    public void No_round_follows_before_any_tracker_has_answered()
    {
        var call = Begin();
        AskAll(call);
        Assert.Null(call.NextRound());
    }

    [Fact]
    public void A_round_follows_a_request_whose_outcome_is_unknown_even_if_none_has_answered_before()
    {
        var call = Begin();
        call.TryNext();
        call.ReportUnavailable(Unavailable(outcomeUnknown: true));
        AskAll(call);
        Assert.NotNull(call.NextRound());
    }

    [Fact]
    public void No_round_follows_a_request_that_is_not_retried()
    {
        Answer(0);
        var call = _failover.Begin(new TrackerRequest(HttpMethod.Delete, "/") { RetryAcrossTrackers = false });
        AskAll(call);
        Assert.Null(call.NextRound());
    }

    [Fact]
    public void Rounds_follow_until_no_tracker_has_answered_for_the_retry_time()
    {
        Answer(0);
        var call = Begin();
        AskAll(call);
        var waited = TimeSpan.Zero;
        while (call.NextRound() is { } delay)
        {
            Assert.InRange(delay, TimeSpan.Zero, TrackerTimeouts.Default.MaxRetryDelay);
            waited += delay;
            Assert.True(waited <= TrackerTimeouts.Default.Retry);
            _clock.Advance(delay);
            Assert.Equal(3, AskAll(call).Count);
        }

        Assert.True(waited > TrackerTimeouts.Default.Retry - TrackerTimeouts.Default.MaxRetryDelay);
        var later = Begin();
        _clock.Advance(TrackerTimeouts.Default.Retry);
        AskAll(later);
        Assert.Null(later.NextRound());

        Answer(0);
        var afterwards = Begin();
        AskAll(afterwards);
        Assert.NotNull(afterwards.NextRound());
    }

    [Fact]
    public void The_error_has_the_code_of_all_trackers_or_else_unreachable()
    {
        Assert.Equal(ErrorCode.TrackerHostUnknown, Fail(ErrorCode.TrackerHostUnknown, ErrorCode.TrackerHostUnknown, ErrorCode.TrackerHostUnknown).Code);
        Assert.Equal(ErrorCode.TrackerUnreachable, Fail(ErrorCode.TrackerHostUnknown, ErrorCode.TrackerFailed, ErrorCode.TrackerFailed).Code);
    }

    [Fact]
    public void An_untrusted_certificate_is_the_error_unless_a_session_may_continue_at_another_tracker()
    {
        var untrusted = new UntrustedTrackerException(ErrorCode.TrackerCertificateUntrusted, "Untrusted.", new TrackerAddress("b", 1), default);
        var changed = new UntrustedTrackerException(ErrorCode.TrackerCertificateChanged, "Changed.", new TrackerAddress("c", 1), Hash256.Compute([1]));
        Assert.Equal(ErrorCode.TrackerCertificateChanged, Assert.IsType<UntrustedTrackerException>(Explain()).Code);

        Answer(0);

        Assert.Equal(ErrorCode.TrackerUnreachable, Explain().Code);

        P2PShareException Explain()
        {
            var call = Begin();
            P2PShareException[] errors = [Unavailable(), untrusted, changed];
            while (call.TryNext())
            {
                if (errors[call.Index] is TrackerUnavailableException unavailable)
                {
                    call.ReportUnavailable(unavailable);
                }
                else
                {
                    call.ReportUnusable(errors[call.Index]);
                }
            }

            return call.Explain();
        }
    }

    private static TrackerUnavailableException Unavailable(bool outcomeUnknown = false, TimeSpan? retryAfter = null, string code = ErrorCode.TrackerUnreachable) =>
        new(code, "Unavailable.", outcomeUnknown, retryAfter);

    private static int Next(FailoverCall call)
    {
        Assert.True(call.TryNext());
        var index = call.Index;
        if (index != 0)
        {
            call.ReportUnavailable(Unavailable());
        }

        return index;
    }

    private static List<int> AskAll(FailoverCall call)
    {
        var asked = new List<int>();
        while (call.TryNext())
        {
            asked.Add(call.Index);
            call.ReportUnavailable(Unavailable());
        }

        return asked;
    }

    private FailoverCall Begin() => _failover.Begin(TrackerRequest.Get("/"));

    private P2PShareException Fail(params string[] codes)
    {
        var call = Begin();
        while (call.TryNext())
        {
            call.ReportUnavailable(Unavailable(code: codes[call.Index]));
        }

        return call.Explain();
    }

    private bool Answer(int index)
    {
        var call = Begin();
        while (call.TryNext())
        {
            if (call.Index == index)
            {
                return call.ReportAnswer().Moved;
            }

            call.ReportUnavailable(Unavailable());
        }

        throw new InvalidOperationException($"Tracker {index} was not asked.");
    }
}
