using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Http;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Integration.TrackerHost;

/// <summary>A program of the version before and one of this version tell each other so in one sentence.</summary>
public sealed class VersionTests
{
    [TrackerTheory]
    [InlineData("POST", "/v1/sessions")]
    [InlineData("POST", "/v1/peers")]
    [InlineData("GET", "/v1/groups/dev/files")]
    [InlineData("DELETE", "/v1/anything")]
    public async Task A_client_of_version_1_is_refused_in_one_sentence_that_names_both(string method, string path)
    {
        await using var tracker = await TestTracker.StartAsync();
        using var old = TestUser.Stranger(tracker);

        var problem = await old.ExpectProblem(
            HttpStatusCode.Gone, ErrorCode.VersionNotSupported, await old.SendAsync(new HttpRequestMessage(new HttpMethod(method), path)));

        Assert.Equal("This program speaks version 1 of the tracker's protocol, and this tracker version 2: update P2PShare on this machine.", problem.Detail);
    }

    [Fact]
    public async Task A_tracker_of_version_1_is_named_in_one_sentence()
    {
        await using var tracker = await ScriptedTracker.StartAsync();
        // As the version before answered.
        tracker.Answer = context => context.Request.Path.StartsWithSegments("/v1", StringComparison.Ordinal)
            ? ScriptedTracker.Problem(401, ErrorCode.NotLoggedIn, "There is no session, or it has expired or was ended by a logout: log in.")(context)
            : ScriptedTracker.Problem(404, ErrorCode.InvalidRequest, "There is nothing at this path.")(context);

        var error = await LogInAsync(tracker);

        Assert.Equal(ErrorCode.VersionNotSupported, error.Code);
        Assert.Equal(
            $"The tracker {tracker.Address.Authority} speaks version 1 of the tracker's protocol, and this program version 2: ask its operator to update it.",
            error.Message);
    }

    [Fact]
    public async Task A_server_that_is_no_tracker_is_still_named_as_such()
    {
        await using var server = await ScriptedTracker.StartAsync();
        server.Answer = context =>
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return context.Response.WriteAsync("<html>not found</html>");
        };

        Assert.Equal(ErrorCode.NotATracker, (await LogInAsync(server)).Code);
    }

    private static async Task<P2PShareException> LogInAsync(ScriptedTracker tracker)
    {
        using var session = new TrackerSession([tracker.Address], new KnownTrackers(Path.GetRandomFileName()));
        using var password = TestPassword.Secure();
        return await Assert.ThrowsAsync<P2PShareException>(() => session.LoginAsync("alice", password, CancellationToken.None));
    }
}
