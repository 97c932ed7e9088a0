using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.TrackerHost;

public sealed class LogTests
{
    private const string EverythingLogged = "--Logging:LogLevel:Default=Trace";

    [Fact]
    public async Task As_JSON_each_line_is_an_object_with_the_id_of_its_request()
    {
        using var folder = new TemporaryFolder();
        await using var tracker = await TrackerProcess.StartAsync(
            folder.Path, "--Tracker:LogFormat=json", "--Logging:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics=Information");
        using var alice = await TestUser.CreateAsync(tracker.Address, "alice");

        var log = await EndAsync(tracker);

        var lines = log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.NotEmpty(lines);
        Assert.All(lines, line => Assert.True(DateTimeOffset.TryParse(line.GetProperty("Timestamp").GetString(), out _)));
        Assert.Contains(lines, line => line.GetProperty("Scopes").EnumerateArray().Any(scope =>
            scope.TryGetProperty("RequestId", out _) && scope.GetProperty("RequestPath").GetString() == TrackerRoutes.Sessions));
    }

    [Theory]
    [InlineData("text")]
    [InlineData("json")]
    public async Task Whatever_is_logged_no_password_and_no_token_is(string format)
    {
        using var folder = new TemporaryFolder();
        await using var tracker = await TrackerProcess.StartAsync(folder.Path, $"--Tracker:LogFormat={format}", EverythingLogged);
        using var alice = await TestUser.CreateAsync(tracker.Address, "alice");
        await alice.CreateGroupAsync("dev");
        await alice.Expect(HttpStatusCode.BadRequest, await alice.PostTextAsync(TrackerRoutes.Sessions, $$"""{"userName":"alice","password":"{{TestPassword.Text}}" nonsense"""));
        await alice.Expect(HttpStatusCode.Unauthorized, await alice.PostAsync(TrackerRoutes.Sessions, new LoginRequest("alice", "battery staple")));

        var log = await EndAsync(tracker);

        Assert.Contains(TrackerRoutes.Groups, log, StringComparison.Ordinal);
        Assert.DoesNotContain(TestPassword.Text, log, StringComparison.Ordinal);
        Assert.DoesNotContain("battery staple", log, StringComparison.Ordinal);
        Assert.DoesNotContain(alice.Session.Token!, log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Under_systemd_a_line_begins_with_its_priority()
    {
        using var folder = new TemporaryFolder();
        await using var tracker = await TrackerProcess.StartAsync(folder.Path, "JOURNAL_STREAM=8:1", EverythingLogged);

        Assert.All((await EndAsync(tracker)).Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches("^<[0-7]>", line));
    }

    private static async Task<string> EndAsync(TrackerProcess tracker)
    {
        if (OperatingSystem.IsWindows())
        {
            await tracker.KillAsync();
            return tracker.Log;
        }

        return (await tracker.SignalAsync(PosixSignal.SIGTERM)).Error;
    }
}
