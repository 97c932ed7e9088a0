using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.TrackerHost;

public sealed class ProblemTests : IAsyncLifetime
{
    private TestTracker _tracker = null!;
    private TestUser _alice = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _alice = await TestUser.CreateAsync(_tracker, "alice");
    }

    public async Task DisposeAsync()
    {
        _alice.Dispose();
        await _tracker.DisposeAsync();
    }

    [TrackerTheory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"name":5}""")]
    [InlineData("""{"name":null}""")]
    [InlineData("""{"nam":"dev"}""")]
    [InlineData("""{"name":"\ud800"}""")]
    public async Task A_body_that_cannot_be_read_is_refused_with_the_reason(string body) => await _alice.ExpectProblem(
        HttpStatusCode.BadRequest, ErrorCode.InvalidRequest, await _alice.PostTextAsync(TrackerRoutes.Groups, body));

    [TrackerFact]
    public async Task A_hash_that_is_none_is_named()
    {
        await _alice.CreateGroupAsync("dev");

        var problem = await _alice.ExpectProblem(
            HttpStatusCode.BadRequest,
            ErrorCode.InvalidRequest,
            await _alice.PostTextAsync(TrackerRoutes.Files("dev"), """{"name":"file","size":1,"pieceLength":65536,"piecesRoot":"abc"}"""));

        Assert.Contains("64 hexadecimal digits", problem.Detail, StringComparison.Ordinal);
    }

    [TrackerFact]
    public async Task An_unknown_path_a_wrong_method_and_a_wrong_type_are_problems_too()
    {
        await _alice.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.InvalidRequest, await _alice.GetAsync(TrackerRoutes.Root + "/nothing"));
        var answer = await _alice.DeleteAsync(TrackerRoutes.Users);
        await _alice.ExpectProblem(HttpStatusCode.MethodNotAllowed, ErrorCode.InvalidRequest, answer);
        Assert.Contains("POST", answer.Content.Headers.Allow);
        await _alice.ExpectProblem(
            HttpStatusCode.UnsupportedMediaType,
            ErrorCode.InvalidRequest,
            await _alice.PostTextAsync(TrackerRoutes.Groups, """{"name":"dev"}""", "text/plain"));
    }

    [TrackerTheory]
    [InlineData(TrackerRoutes.Users, 1)]
    [InlineData(TrackerRoutes.Peers, 2)]
    public async Task A_body_that_is_too_long_is_refused(string path, int mebibytes)
    {
        var fits = await _alice.PostTextAsync(path, "{}".PadRight(mebibytes << 20));
        await _alice.ExpectProblem(HttpStatusCode.BadRequest, ErrorCode.InvalidRequest, fits);

        await _alice.ExpectProblem(
            HttpStatusCode.RequestEntityTooLarge, ErrorCode.InvalidRequest, await _alice.PostTextAsync(path, "{}".PadRight((mebibytes << 20) + 1)));
    }

    [TrackerFact]
    public async Task A_fault_of_the_tracker_reveals_no_details()
    {
        await _alice.CreateGroupAsync("dev");
        await _tracker.ExecuteAsync("ALTER TABLE files RENAME TO secret_table");

        var answer = await _alice.GetPageAsync(TrackerRoutes.Files("dev"));

        await _alice.ExpectProblem(HttpStatusCode.InternalServerError, ErrorCode.TrackerFailed, answer);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.DoesNotContain("table", text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Sqlite", text, StringComparison.OrdinalIgnoreCase);
    }

    [TrackerFact]
    public async Task Hostile_text_in_a_name_comes_back_harmless()
    {
        var problem = await _alice.ExpectProblem(
            HttpStatusCode.NotFound, ErrorCode.GroupNotFound, await _alice.GetAsync(TrackerRoutes.Group("\u001b[2J\u202e'; DROP TABLE users --")));

        Assert.DoesNotContain('\u001b', problem.Detail!);
        Assert.DoesNotContain('\u202e', problem.Detail!);
        await _alice.LogInAsync();
    }
}
