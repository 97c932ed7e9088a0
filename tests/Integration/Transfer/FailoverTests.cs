using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Integration.Transfer;

/// <summary>What a session does when connections to its trackers fail. What needs no connection is in the unit tests of FailoverSender.</summary>
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
    public async Task The_first_tracker_that_answers_is_used_until_it_does_not()
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

    [Theory]
    [InlineData(Breaking.BeforeTls, "closed the connection")]
    [InlineData(Breaking.InTls, "closed the connection")]
    [InlineData(Breaking.Reset, "closed the connection")]
    [InlineData(Breaking.NeverTls, "within 1 seconds")]
    [InlineData(Breaking.OtherProgram, "does not use HTTPS")]
    public async Task The_next_tracker_is_asked_when_a_connection_fails(Breaking breaking, string said)
    {
        await using var broken = new BrokenTracker(breaking);
        var patience = new TrackerTimeouts { Connect = TimeSpan.FromSeconds(breaking == Breaking.NeverTls ? 1 : 10) };
        using var client = NewClient(_clock, patience, broken.Address, _second.Address);

        await AskAsync(client);

        Assert.Equal((_second.Address, 1), (client.Address, _second.Asked.Count));
        using var alone = NewClient(_clock, patience, broken.Address);
        Assert.Contains(said, (await FailsAsync(alone)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_next_tracker_is_asked_when_a_host_is_unknown()
    {
        using var client = NewClient(new TrackerAddress("no-such-host.invalid", 8001), _second.Address);

        await AskAsync(client);

        Assert.Equal(_second.Address, client.Address);
    }

    [Fact]
    public async Task The_next_tracker_is_asked_when_a_response_breaks_off()
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
    public async Task The_next_tracker_is_asked_when_a_machine_does_not_answer_pings()
    {
        await using var thief = AnswerThief.StandBefore(_first.Address);
        using var client = NewClient(
            TimeProvider.System, new TrackerTimeouts { Ping = TimeSpan.FromSeconds(1) },
            _first.Address with { Port = thief.Port }, _second.Address);
        await AskAsync(client);

        thief.Keep();
        var clock = Stopwatch.StartNew();
        await AskAsync(client);

        Assert.Equal((1, _second.Address), (_second.Asked.Count, client.Address));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"It took {clock.Elapsed}.");
    }

    [Fact]
    public async Task Each_tracker_is_asked_once_and_named_if_none_has_ever_answered()
    {
        var (first, second) = (ScriptedTracker.Nobody(), ScriptedTracker.Nobody());
        using var client = NewClient(first, new TrackerAddress("no-such-host.invalid", 8001), second);

        var failure = await FailsAsync(client);

        Assert.Equal(ErrorCode.TrackerUnreachable, failure.Code);
        Assert.StartsWith("None of the 3 trackers can be used. ", failure.Message, StringComparison.Ordinal);
        Assert.All([first.Authority, second.Authority, "no-such-host.invalid"], name => Assert.Contains(name, failure.Message, StringComparison.Ordinal));
        Assert.Empty(_clock.Pauses);
    }

    [Fact]
    public async Task A_call_can_be_cancelled_while_it_waits_for_a_response()
    {
        _first.Answer = ScriptedTracker.Silence;
        using var client = NewClient(_first.Address, _second.Address);
        using var cancel = new CancellationTokenSource();
        var asking = client.ListGroupsAsync(ListQuery.All, cancel.Token).ReadAllAsync();
        await Eventually.HoldsAsync(() => !_first.Asked.IsEmpty, "it is asked");

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.WaitAsync(Limit));
        Assert.Empty(_second.Asked);
    }

    [Fact]
    public async Task A_tracker_with_another_certificate_is_sent_nothing_and_logged_once()
    {
        var wrong = _first.Address with { Fingerprint = _second.Address.Fingerprint };
        var warnings = new List<string>();
        using var client = NewClient(_clock, TrackerTimeouts.Default, new SentenceLogger(LogLevel.Warning, warnings.Add), wrong, _second.Address);

        await AskAsync(client);
        await _second.DisposeAsync();
        await FailsAsync(client);

        Assert.Empty(_first.Asked);
        Assert.Contains(_first.Address.Fingerprint.ToString()!, Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_certificate_is_the_error_if_no_other_tracker_answers()
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
    public async Task A_session_waits_for_its_tracker_although_another_has_a_wrong_certificate()
    {
        using var client = await UsedClientAsync(_first.Address, _second.Address with { Fingerprint = _first.Address.Fingerprint });
        var left = 4;
        _first.Answer = context => --left == 0 ? ScriptedTracker.NoGroups(context) : Plain(503)(context);
        await AskAsync(client);

        await _first.DisposeAsync();
        var failure = await FailsAsync(client);

        Assert.Equal(ErrorCode.TrackerUnreachable, failure.Code);
        Assert.True(TrackerSession.IsTransient(failure));
        Assert.Contains("may be intercepting", failure.Message, StringComparison.Ordinal);
        Assert.Empty(_second.Asked);
    }

    [Fact]
    public async Task Many_calls_at_once_all_continue_at_the_next_tracker()
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

    // A proxy's response, which is not a tracker's problem document.
    private static RequestDelegate Plain(int status) => context =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    private static async Task AskAsync(TrackerSession client) => Assert.Empty(await client.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync().WaitAsync(Limit));

    private static Task<P2PShareException> FailsAsync(TrackerSession client) =>
        Assert.ThrowsAnyAsync<P2PShareException>(() => client.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync().WaitAsync(Limit));

    private TrackerSession NewClient(params TrackerAddress[] addresses) => NewClient(_clock, TrackerTimeouts.Default, addresses);

    private static TrackerSession NewClient(TimeProvider clock, TrackerTimeouts timeouts, params TrackerAddress[] addresses) =>
        NewClient(clock, timeouts, NullLogger.Instance, addresses);

    private static TrackerSession NewClient(TimeProvider clock, TrackerTimeouts timeouts, ILogger logger, params TrackerAddress[] addresses) =>
        new(addresses, new KnownTrackers(Path.GetRandomFileName()), trustOnFirstUse: false, clock, timeouts, logger);

    // A tracker has answered it, so the address is known to be right.
    private Task<TrackerSession> UsedClientAsync(params TrackerAddress[] addresses) => UsedClientAsync(_clock, addresses);

    private async Task<TrackerSession> UsedClientAsync(TimeProvider clock, params TrackerAddress[] addresses)
    {
        var client = NewClient(clock, TrackerTimeouts.Default, addresses);
        var answer = _first.Answer;
        _first.Answer = ScriptedTracker.NoGroups;
        await AskAsync(client);
        _first.Answer = answer;
        _first.Asked.Clear();
        return client;
    }
}
