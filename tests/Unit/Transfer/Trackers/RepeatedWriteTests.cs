using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Trackers;

/// <summary>What the error of a repeated write means. The integration tests of the same name lose real responses.</summary>
public sealed class RepeatedWriteTests : IDisposable
{
    private static readonly DateTimeOffset TrackerStart = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly PauseClock _clock = new();
    private readonly InMemoryTracker _tracker = new("tracker");
    private readonly TrackerRequest _request = TrackerRequest.Post("/v2/groups");
    private readonly TrackerSession _session;

    public RepeatedWriteTests() => _session = InMemoryTracker.NewSession(_clock, _tracker);

    public void Dispose()
    {
        _session.Dispose();
        _tracker.Dispose();
    }

    [Fact]
    public async Task A_write_that_succeeds_is_not_looked_up()
    {
        var result = await SendAsync(() => Task.FromResult("new"), () => throw new InvalidOperationException());
        Assert.Equal("new", result);
    }

    [Fact]
    public async Task An_error_is_final_if_no_earlier_attempt_may_have_succeeded()
    {
        var error = await Assert.ThrowsAsync<P2PShareException>(() => SendAsync(Taken, () => throw new InvalidOperationException()));
        Assert.Equal(ErrorCode.GroupNameTaken, error.Code);
    }

    [Fact]
    public async Task An_error_that_an_earlier_attempt_may_have_caused_is_success_if_its_result_is_found()
    {
        _request.OutcomeUnknown = true;
        Assert.Equal("found", await SendAsync(Taken, () => Task.FromResult<string?>("found")));
    }

    [Fact]
    public async Task The_first_error_is_thrown_if_no_result_is_found()
    {
        _request.OutcomeUnknown = true;
        var error = await Assert.ThrowsAsync<P2PShareException>(() => SendAsync(Taken, () => Task.FromResult<string?>(null)));
        Assert.Equal(ErrorCode.GroupNameTaken, error.Code);
    }

    [Fact]
    public async Task An_error_that_an_earlier_attempt_cannot_have_caused_is_final()
    {
        _request.OutcomeUnknown = true;
        var error = await Assert.ThrowsAsync<P2PShareException>(
            () => SendAsync(() => throw new P2PShareException(ErrorCode.QuotaExceeded, "Too many."), () => throw new InvalidOperationException()));
        Assert.Equal(ErrorCode.QuotaExceeded, error.Code);
    }

    [Theory]
    [InlineData(-6, 0, false)]
    [InlineData(-5, 0, true)]
    [InlineData(0, 0, true)]
    [InlineData(-64, 60, true)]
    [InlineData(-66, 60, false)]
    public void What_was_made_before_the_write_began_is_not_its_result(int madeSeconds, int elapsedSeconds, bool isSince)
    {
        var clock = new FakeTimeProvider();
        var write = new RepeatedWrite(_request, clock);
        clock.Advance(TimeSpan.FromSeconds(elapsedSeconds));

        Assert.Equal(isSince, write.IsMadeSinceStart(TrackerStart.AddSeconds(madeSeconds), TrackerStart));
    }

    [Fact]
    public void Without_the_trackers_clock_nothing_is_taken_for_the_result() =>
        Assert.False(new RepeatedWrite(_request, _clock).IsMadeSinceStart(TrackerStart, null));

    [Fact]
    public async Task A_group_whose_creation_lost_its_response_is_returned()
    {
        var group = Group(GroupRole.Owner, TrackerStart);
        _tracker.AnswerInTurn(
            InMemoryTracker.Lose,
            InMemoryTracker.Problem(409, ErrorCode.GroupNameTaken, "Taken."),
            InMemoryTracker.Json(group, TrackerJson.Default.GroupResponse, TrackerStart.AddSeconds(1)));

        Assert.Equal(group, await _session.CreateGroupAsync("dev", CancellationToken.None));

        Assert.Equal(["POST /v2/groups", "POST /v2/groups", "GET /v2/groups/dev"], _tracker.Requests);
    }

    [Theory]
    [InlineData(GroupRole.Member, 0)]
    [InlineData(GroupRole.Owner, -60)]
    public async Task A_group_of_another_user_or_from_before_is_not_taken_for_the_new_one(GroupRole role, int madeSeconds)
    {
        _tracker.AnswerInTurn(
            InMemoryTracker.Lose,
            InMemoryTracker.Problem(409, ErrorCode.GroupNameTaken, "Taken."),
            InMemoryTracker.Json(Group(role, TrackerStart.AddSeconds(madeSeconds)), TrackerJson.Default.GroupResponse, TrackerStart));

        var error = await Assert.ThrowsAsync<P2PShareException>(() => _session.CreateGroupAsync("dev", CancellationToken.None));

        Assert.Equal(ErrorCode.GroupNameTaken, error.Code);
    }

    [Fact]
    public async Task A_group_name_that_is_taken_at_the_first_attempt_is_an_error_and_not_looked_up()
    {
        _tracker.Answer = InMemoryTracker.Problem(409, ErrorCode.GroupNameTaken, "Taken.");

        await Assert.ThrowsAsync<P2PShareException>(() => _session.CreateGroupAsync("dev", CancellationToken.None));

        Assert.Single(_tracker.Requests);
    }

    [Fact]
    public async Task What_a_lost_deletion_deleted_may_be_gone()
    {
        _tracker.AnswerInTurn(InMemoryTracker.Lose, InMemoryTracker.Problem(404, ErrorCode.GroupNotFound, "No such group."));
        await _session.RemoveGroupAsync("dev", CancellationToken.None);
        Assert.Equal(2, _tracker.Requests.Count);
    }

    [Fact]
    public async Task What_a_first_deletion_does_not_find_is_an_error()
    {
        _tracker.AnswerInTurn(InMemoryTracker.Problem(404, ErrorCode.GroupNotFound, "No such group."));
        var error = await Assert.ThrowsAsync<P2PShareException>(() => _session.RemoveGroupAsync("dev", CancellationToken.None));
        Assert.Equal(ErrorCode.GroupNotFound, error.Code);
    }

    [Fact]
    public async Task A_deletion_that_was_never_sent_does_not_excuse_what_is_not_found()
    {
        using var second = new InMemoryTracker("second") { Answer = InMemoryTracker.Problem(404, ErrorCode.GroupNotFound, "No such group.") };
        using var session = InMemoryTracker.NewSession(_clock, _tracker, second);
        _tracker.Answer = InMemoryTracker.Refuse;

        var error = await Assert.ThrowsAsync<P2PShareException>(() => session.RemoveGroupAsync("dev", CancellationToken.None));

        Assert.Equal(ErrorCode.GroupNotFound, error.Code);
    }

    private static Task<string> Taken() => throw new P2PShareException(ErrorCode.GroupNameTaken, "Taken.");

    private static GroupResponse Group(GroupRole role, DateTimeOffset created) => new(TestIds.Of("dev"), "dev", "alice", 1, role, created, Listed: true);

    private Task<string> SendAsync(Func<Task<string>> send, Func<Task<string?>> findResult) =>
        new RepeatedWrite(_request, _clock).SendAsync([ErrorCode.GroupNameTaken, ErrorCode.AlreadyMember], send, findResult);
}
