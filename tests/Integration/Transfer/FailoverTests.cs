using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Integration.Transfer;

/// <summary>Which tracker of several is asked, when, how often, and what is said where none answers.</summary>
public sealed class FailoverTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly PauseClock _clock = new();
    private ScriptedTracker _first = null!;
    private ScriptedTracker _second = null!;

    public async Task InitializeAsync()
    {
        _first = await ScriptedTracker.StartAsync();
        _second = await ScriptedTracker.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _first.DisposeAsync();
        await _second.DisposeAsync();
    }

    [Fact]
    public async Task The_first_line_that_answers_is_used_until_it_does_not()
    {
        using var client = NewClient(ScriptedTracker.Nobody(), _first.Address, _second.Address);
        var moves = 0;
        client.Moved += () => moves++;
        await AskAsync(client);
        await AskAsync(client);
        Assert.Equal((2, 0, _first.Address, 0), (_first.Asked.Count, _second.Asked.Count, client.Address, moves));

        await _first.DisposeAsync();
        await AskAsync(client);
        await using var again = await ScriptedTracker.StartAsync(_first.Address.Port);
        await AskAsync(client);
        Assert.Equal((0, 2, _second.Address, 1), (again.Asked.Count, _second.Asked.Count, client.Address, moves));
    }

    [Fact]
    public async Task A_line_that_failed_is_asked_again_when_the_others_fail()
    {
        var gone = await ScriptedTracker.StartAsync();
        using var client = NewClient(_first.Address, gone.Address);
        _first.Answer = ScriptedTracker.Problem(503, ErrorCode.TrackerFailed, "Starting.");
        await AskAsync(client);
        _first.Answer = ScriptedTracker.NoGroups;
        await gone.DisposeAsync();

        await AskAsync(client);

        Assert.Equal((2, 1, _first.Address), (_first.Asked.Count, gone.Asked.Count, client.Address));
        Assert.Empty(_clock.Pauses);
    }

    [Theory]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task A_tracker_that_says_it_cannot_answer_is_left_for_the_next(int status)
    {
        using var client = NewClient(_first.Address, _second.Address);
        foreach (var answer in new[] { ScriptedTracker.Problem(status, ErrorCode.TrackerDatabaseUnavailable, "Away."), Plain(status) })
        {
            _first.Answer = answer;
            _second.Answer = ScriptedTracker.NoGroups;
            await AskAsync(client);
            Assert.Equal(_second.Address, client.Address);

            _first.Answer = ScriptedTracker.NoGroups;
            _second.Answer = answer;
            await AskAsync(client);
            Assert.Equal(_first.Address, client.Address);
        }

        Assert.Empty(_clock.Pauses);
    }

    [Theory]
    [InlineData(401, ErrorCode.WrongCredentials)]
    [InlineData(403, ErrorCode.NotMember)]
    [InlineData(409, ErrorCode.GroupNameTaken)]
    [InlineData(429, ErrorCode.TooManyAttempts)]
    [InlineData(500, ErrorCode.TrackerFailed)]
    public async Task What_is_refused_is_refused_and_asked_of_nobody_else(int status, string code)
    {
        _first.Answer = ScriptedTracker.Problem(status, code, "The tracker's own sentence.", retryAfter: 1);
        using var client = NewClient(_first.Address, _second.Address);

        var refused = await FailsAsync(client);

        Assert.Equal((code, "The tracker's own sentence."), (refused.Code, refused.Message));
        Assert.Equal((1, 0), (_first.Asked.Count, _second.Asked.Count));
        Assert.Empty(_clock.Pauses);
    }

    [Theory]
    [InlineData(Breaking.BeforeTls, "broke off")]
    [InlineData(Breaking.InTls, "broke off")]
    [InlineData(Breaking.Reset, "broke off")]
    [InlineData(Breaking.NeverTls, "within 1 seconds")]
    [InlineData(Breaking.OtherProgram, "does not speak HTTPS")]
    public async Task A_connection_that_does_not_come_about_is_left_for_the_next(Breaking breaking, string said)
    {
        await using var broken = new BrokenTracker(breaking);
        var patience = new TrackerTimes { Connecting = TimeSpan.FromSeconds(breaking == Breaking.NeverTls ? 1 : 10) };
        using var client = NewClient(_clock, patience, broken.Address, _second.Address);

        await AskAsync(client);

        Assert.Equal((_second.Address, 1), (client.Address, _second.Asked.Count));
        using var alone = NewClient(_clock, patience, broken.Address);
        Assert.Contains(said, (await FailsAsync(alone)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_that_is_not_known_is_left_for_the_next()
    {
        using var client = NewClient(new TrackerAddress("no-such-host.invalid", 8001), _second.Address);

        await AskAsync(client);

        Assert.Equal(_second.Address, client.Address);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_is_asked_for_at_the_next()
    {
        _first.Answer = async context =>
        {
            await context.Response.WriteAsync("[");
            await context.Response.Body.FlushAsync();
            context.Abort();
        };
        using var client = NewClient(_first.Address, _second.Address);

        await AskAsync(client);

        Assert.Equal(_second.Address, client.Address);
    }

    [Fact]
    public async Task An_answer_is_waited_for_half_a_minute_and_then_asked_for_at_the_next()
    {
        _first.Answer = ScriptedTracker.Silence;
        using var client = NewClient(_first.Address, _second.Address);
        var asking = client.GetGroupsAsync(CancellationToken.None);
        await Eventually.HoldsAsync(() => !_first.Asked.IsEmpty, "the first is asked");

        _clock.Advance(TimeSpan.FromSeconds(29.9));
        await Task.Yield();
        Assert.False(asking.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(0.2));

        Assert.Empty(await asking.WaitAsync(Limit));
        Assert.Equal((1, _second.Address), (_second.Asked.Count, client.Address));
    }

    [Fact]
    public async Task A_machine_that_gives_no_sign_of_life_is_not_waited_for()
    {
        await using var thief = AnswerThief.StandBefore(_first.Address);
        using var client = NewClient(
            TimeProvider.System, new TrackerTimes { Silent = TimeSpan.FromSeconds(1) },
            _first.Address with { Port = thief.Port }, _second.Address);
        await AskAsync(client);

        thief.Keep();
        var clock = Stopwatch.StartNew();
        await AskAsync(client);

        Assert.Equal((1, _second.Address), (_second.Asked.Count, client.Address));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"It took {clock.Elapsed}.");
    }

    [Fact]
    public async Task A_tracker_that_is_silent_is_said_to_have_been()
    {
        _first.Answer = ScriptedTracker.Silence;
        using var client = NewClient(_first.Address);
        var asking = FailsAsync(client);
        await Eventually.HoldsAsync(() => !_first.Asked.IsEmpty, "it is asked");
        _clock.Advance(TimeSpan.FromSeconds(31));

        var silent = await asking.WaitAsync(Limit);

        Assert.Equal(ErrorCode.TrackerUnreachable, silent.Code);
        Assert.Contains("did not answer within 30 seconds", silent.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_none_has_ever_answered_each_is_asked_once_and_named()
    {
        var (first, second) = (ScriptedTracker.Nobody(), ScriptedTracker.Nobody());
        using var client = NewClient(first, new TrackerAddress("no-such-host.invalid", 8001), second);

        var away = await FailsAsync(client);

        Assert.Equal(ErrorCode.TrackerUnreachable, away.Code);
        Assert.StartsWith("None of the 3 trackers can be used. ", away.Message, StringComparison.Ordinal);
        Assert.All([first.Authority, second.Authority, "no-such-host.invalid"], name => Assert.Contains(name, away.Message, StringComparison.Ordinal));
        Assert.Empty(_clock.Pauses);
    }

    [Fact]
    public async Task Where_all_are_away_they_are_asked_in_rounds_with_longer_and_longer_pauses_until_patience_is_over()
    {
        _first.Answer = ScriptedTracker.Problem(503, ErrorCode.TrackerDatabaseUnavailable, "The first one's database is away.");
        _second.Answer = ScriptedTracker.Problem(503, ErrorCode.TrackerDatabaseUnavailable, "The second one's database is away.");
        using var client = await UsedClientAsync(_first.Address, _second.Address);
        var before = _clock.GetUtcNow();

        var away = await FailsAsync(client);

        Assert.Equal(ErrorCode.TrackerDatabaseUnavailable, away.Code);
        Assert.All(
            [_first.Address.Authority, _second.Address.Authority, "The first one's database", "The second one's database", $"Asked {_clock.Pauses.Count + 1} times"],
            text => Assert.Contains(text, away.Message, StringComparison.Ordinal));
        Assert.Equal((_clock.Pauses.Count + 1, _clock.Pauses.Count + 1), (_first.Asked.Count, _second.Asked.Count));
        var bound = TrackerTimes.Default.FirstPause;
        foreach (var pause in _clock.Pauses)
        {
            Assert.InRange(pause, TimeSpan.Zero, bound);
            bound = bound * 2 < TrackerTimes.Default.LongestPause ? bound * 2 : TrackerTimes.Default.LongestPause;
        }

        Assert.InRange(_clock.GetUtcNow() - before, TrackerTimes.Default.Patience - TrackerTimes.Default.LongestPause, TrackerTimes.Default.Patience);
        Assert.InRange(_clock.Pauses.Count, 6, 100);
    }

    [Fact]
    public async Task An_outage_is_waited_out_once()
    {
        using var client = await UsedClientAsync(_first.Address, _second.Address);
        (_first.Answer, _second.Answer) = (Plain(503), Plain(503));
        for (var i = 0; i < 10; i++)
        {
            await FailsAsync(client);
        }

        Assert.InRange(_clock.Pauses.Sum(pause => pause.TotalSeconds), 10, TrackerTimes.Default.Patience.TotalSeconds);
        _clock.Advance(TrackerTimes.Default.Patience);
        _clock.Pauses.Clear();
        _first.Asked.Clear();
        await FailsAsync(client);
        Assert.Equal((0, 1), (_clock.Pauses.Count, _first.Asked.Count));

        _first.Answer = ScriptedTracker.NoGroups;
        await AskAsync(client);
        _first.Answer = Plain(503);
        await FailsAsync(client);
        Assert.NotEmpty(_clock.Pauses);
    }

    [Fact]
    public async Task A_tracker_that_comes_back_during_a_call_answers_it()
    {
        using var client = await UsedClientAsync(_first.Address, _second.Address);
        await _second.DisposeAsync();
        var left = 3;
        _first.Answer = context => --left == 0 ? ScriptedTracker.NoGroups(context) : Plain(503)(context);

        await AskAsync(client);

        Assert.Equal(2, _clock.Pauses.Count);
    }

    [Fact]
    public async Task Who_is_asked_to_come_again_later_comes_no_sooner()
    {
        using var client = await UsedClientAsync(_first.Address, _second.Address);
        var left = 2;
        _first.Answer = context => --left == 0 ? ScriptedTracker.NoGroups(context) : Away(5)(context);
        _second.Answer = Away(7);

        await AskAsync(client);

        Assert.InRange(Assert.Single(_clock.Pauses), TimeSpan.FromSeconds(4.9), TimeSpan.FromSeconds(5.25));
        Assert.Equal((2, 1, _first.Address), (_first.Asked.Count, _second.Asked.Count, client.Address));
    }

    [Fact]
    public async Task Who_is_asked_to_come_again_much_later_is_told_at_once()
    {
        using var client = await UsedClientAsync(_first.Address, _second.Address);
        (_first.Answer, _second.Answer) = (Away(40), Away(50));

        await FailsAsync(client);
        var away = await FailsAsync(client);

        Assert.Equal(ErrorCode.TrackerDatabaseUnavailable, away.Code);
        Assert.Empty(_clock.Pauses);
        Assert.Equal((1, 1), (_first.Asked.Count, _second.Asked.Count));
        _first.Answer = ScriptedTracker.NoGroups;
        _clock.Advance(TimeSpan.FromSeconds(41));
        await AskAsync(client);
    }

    [Fact]
    public async Task A_call_can_be_cancelled_in_a_pause()
    {
        var clock = new PauseClock { Goes = false };
        using var client = await UsedClientAsync(clock, _first.Address, _second.Address);
        (_first.Answer, _second.Answer) = (Plain(503), Plain(503));
        using var cancel = new CancellationTokenSource();
        var asking = client.GetGroupsAsync(cancel.Token);
        await Eventually.HoldsAsync(() => !clock.Pauses.IsEmpty, "it pauses");

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.WaitAsync(Limit));
    }

    [Fact]
    public async Task A_call_can_be_cancelled_while_it_waits_for_an_answer()
    {
        _first.Answer = ScriptedTracker.Silence;
        using var client = NewClient(_first.Address, _second.Address);
        using var cancel = new CancellationTokenSource();
        var asking = client.GetGroupsAsync(cancel.Token);
        await Eventually.HoldsAsync(() => !_first.Asked.IsEmpty, "it is asked");

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.WaitAsync(Limit));
        Assert.Empty(_second.Asked);
    }

    [Fact]
    public async Task A_line_with_another_certificate_is_sent_nothing_and_a_person_is_told_once()
    {
        var wrong = _first.Address with { Fingerprint = _second.Address.Fingerprint };
        using var client = NewClient(wrong, _second.Address);
        var warnings = new List<string>();
        client.Warned += warnings.Add;

        await AskAsync(client);
        await _second.DisposeAsync();
        await FailsAsync(client);

        Assert.Empty(_first.Asked);
        Assert.Contains(_first.Address.Fingerprint.ToString()!, Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_no_other_line_answers_a_wrong_certificate_is_the_error()
    {
        var wrong = _first.Address with { Fingerprint = _second.Address.Fingerprint };
        foreach (var lines in new TrackerAddress[][] { [wrong], [ScriptedTracker.Nobody(), wrong], [wrong, _second.Address with { Fingerprint = _first.Address.Fingerprint }] })
        {
            using var client = NewClient(lines);

            var changed = Assert.IsType<UntrustedTrackerException>(await FailsAsync(client));

            Assert.Equal((ErrorCode.TrackerCertificateChanged, _first.Address.Fingerprint), (changed.Code, changed.Fingerprint));
            Assert.All(lines, line => Assert.Contains(line.Authority, changed.Message, StringComparison.Ordinal));
        }

        Assert.Empty(_first.Asked);
        Assert.Empty(_second.Asked);
        Assert.Empty(_clock.Pauses);
    }

    [Fact]
    public async Task A_session_waits_for_its_tracker_whatever_another_line_shows()
    {
        using var client = await UsedClientAsync(_first.Address, _second.Address with { Fingerprint = _first.Address.Fingerprint });
        var left = 4;
        _first.Answer = context => --left == 0 ? ScriptedTracker.NoGroups(context) : Plain(503)(context);
        await AskAsync(client);

        await _first.DisposeAsync();
        var away = await FailsAsync(client);

        Assert.Equal(ErrorCode.TrackerUnreachable, away.Code);
        Assert.True(TrackerClient.MayComeBack(away));
        Assert.Contains("Somebody may be in between", away.Message, StringComparison.Ordinal);
        Assert.Empty(_second.Asked);
    }

    [Fact]
    public async Task A_write_whose_answer_nobody_gives_is_said_to_be_unknown_and_a_read_is_not()
    {
        using var client = await UsedClientAsync(_first.Address, _second.Address);
        (_first.Answer, _second.Answer) = (Plain(503), Plain(503));

        var write = await Assert.ThrowsAsync<P2PShareException>(() => client.CreateGroupAsync("dev", CancellationToken.None));
        var read = await FailsAsync(client);

        Assert.Contains("not known", write.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("not known", read.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Taking_leave_is_not_worth_waiting()
    {
        using var client = await UsedClientAsync(_first.Address, _second.Address);
        (_first.Answer, _second.Answer) = (Plain(503), Plain(503));

        await Assert.ThrowsAsync<P2PShareException>(() => client.UnregisterPeerAsync(default, CancellationToken.None));
        await Assert.ThrowsAsync<P2PShareException>(() => client.LogoutAsync(CancellationToken.None));

        Assert.Empty(_clock.Pauses);
    }

    [Fact]
    public async Task Many_calls_at_once_all_go_on_at_the_next()
    {
        using var client = NewClient(_first.Address, _second.Address);
        await AskAsync(client);
        var busy = Enumerable.Range(0, 8).Select(async _ =>
        {
            while (_second.Asked.Count < 100)
            {
                await AskAsync(client);
            }
        }).ToList();
        await Eventually.HoldsAsync(() => _first.Asked.Count > 20, "the first is asked");

        await _first.DisposeAsync();

        await Task.WhenAll(busy).WaitAsync(Limit);
        Assert.Equal(_second.Address, client.Address);
    }

    [Fact]
    public void Pauses_are_random_up_to_a_bound_that_doubles()
    {
        var first = Enumerable.Range(0, 1000).Select(_ => new RetryDelay(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5)).Next()).ToList();
        Assert.InRange(first.Average(pause => pause.TotalSeconds), 0.4, 0.6);
        Assert.InRange(first.Max(), TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(1));

        var backoff = new RetryDelay(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5));
        var later = Enumerable.Range(0, 1000).Select(_ => backoff.Next()).Skip(3).ToList();
        Assert.InRange(later.Max(), TimeSpan.FromSeconds(4.5), TimeSpan.FromSeconds(5));
        backoff.Reset();
        Assert.InRange(backoff.Next(), TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    // A proxy's answer, which is no problem of a tracker.
    private static RequestDelegate Plain(int status) => context =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    private static RequestDelegate Away(int retryAfter) =>
        ScriptedTracker.Problem(503, ErrorCode.TrackerDatabaseUnavailable, "The database is away.", retryAfter);

    private static async Task AskAsync(TrackerClient client) => Assert.Empty(await client.GetGroupsAsync(CancellationToken.None).WaitAsync(Limit));

    private static Task<P2PShareException> FailsAsync(TrackerClient client) =>
        Assert.ThrowsAnyAsync<P2PShareException>(() => client.GetGroupsAsync(CancellationToken.None).WaitAsync(Limit));

    private TrackerClient NewClient(params TrackerAddress[] addresses) => NewClient(_clock, TrackerTimes.Default, addresses);

    private static TrackerClient NewClient(TimeProvider clock, TrackerTimes times, params TrackerAddress[] addresses) =>
        new(addresses, new KnownTrackers(Path.GetRandomFileName()), trustOnFirstUse: false, clock, times);

    // One that a tracker has answered, and that knows that the address is right.
    private Task<TrackerClient> UsedClientAsync(params TrackerAddress[] addresses) => UsedClientAsync(_clock, addresses);

    private async Task<TrackerClient> UsedClientAsync(TimeProvider clock, params TrackerAddress[] addresses)
    {
        var client = NewClient(clock, TrackerTimes.Default, addresses);
        var answer = _first.Answer;
        _first.Answer = ScriptedTracker.NoGroups;
        await AskAsync(client);
        _first.Answer = answer;
        _first.Asked.Clear();
        return client;
    }
}
