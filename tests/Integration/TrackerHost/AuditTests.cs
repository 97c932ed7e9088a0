using System.Net;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Observability;

namespace P2PShare.Integration.TrackerHost;

public sealed class AuditTests
{
    [TrackerFact]
    public async Task Shares_replacements_and_withdrawals_are_written_once_each()
    {
        using var log = new LogRecorder();
        await using var tracker = await TestTracker.StartAsync(log: log);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        await alice.CreateGroupAsync("dev");
        await bob.JoinAsync(alice, "dev");
        var root = TestUser.RandomHash();
        await alice.ShareAsync("dev", "a b", root);
        await alice.ShareAsync("dev", "a b", root);
        await bob.ShareAsync("dev", "a b", root);
        await bob.ShareAsync("dev", "a b", TestUser.RandomHash());
        await bob.ShareAsync("dev", "a b", TestUser.RandomHash(), replace: true);
        await bob.ShareAsync("dev", "c", root);
        await bob.PostAsync(TrackerRoutes.Withdrawals("dev"), new WithdrawFilesRequest(["a b", "c", "c", "none"]));
        await bob.DeleteAsync(TrackerRoutes.File("dev", "c"));
        await alice.ShareAsync("dev", "d", root);
        await alice.DeleteAsync(TrackerRoutes.File("dev", "d"));

        Assert.Equal(
            [
                "FileShared alice dev a b", "FileShared bob dev a b", "FileReplaced bob dev a b", "FileShared bob dev c",
                "FileWithdrawn bob dev a b", "FileWithdrawn bob dev c", "FileShared alice dev d", "FileWithdrawn alice dev d",
            ],
            log.Lines.Where(line => line.Category == Audit.Category).Select(line => $"{line.Fields["Act"]} {line.Fields["User"]} {line.Fields["Group"]} {line.Fields["Subject"]}")
                .Where(line => line.StartsWith("File", StringComparison.Ordinal)));
    }

    [TrackerFact]
    public async Task Acts_are_written_with_user_subject_and_address_and_never_a_secret()
    {
        using var log = new LogRecorder();
        await using var tracker = await TestTracker.StartAsync(
            options => (options.Registration, options.LoginFailuresPerAccount) = (RegistrationMode.Invitation, 2), log: log);
        var (invitation, id, _) = await tracker.Services.GetRequiredService<InvitationService>().CreateAsync(3, TimeSpan.FromDays(1), CancellationToken.None);
        using var stranger = TestUser.Stranger(tracker);
        await stranger.Expect(HttpStatusCode.Forbidden, await CreateAsync("mallory", "not an invitation"));
        foreach (var name in new[] { "alice", "bob", "carol" })
        {
            await stranger.Expect(HttpStatusCode.Created, await CreateAsync(name, invitation));
        }

        using var alice = await TestUser.LogInAsync(tracker, "alice");
        using var bob = await TestUser.LogInAsync(tracker, "bob");
        using var carol = await TestUser.LogInAsync(tracker, "carol");
        await alice.CreateGroupAsync("dev");
        await bob.JoinAsync(alice, "dev");
        await carol.PostAsync(TrackerRoutes.JoinRequests("dev"));
        await alice.DeleteAsync(TrackerRoutes.JoinRequest("dev", "carol"));
        await alice.PutAsync(TrackerRoutes.GroupOwner("dev"), new SetGroupOwnerRequest("bob"));
        await bob.DeleteAsync(TrackerRoutes.Member("dev", "alice"));
        await bob.DeleteAsync(TrackerRoutes.Group("dev"));
        var changed = await alice.Expect<SessionResponse>(
            HttpStatusCode.OK, await alice.PutAsync(TrackerRoutes.CurrentPassword, new ChangePasswordRequest(TestPassword.Text, TestPassword.Changed)));
        await bob.DeleteAsync(TrackerRoutes.CurrentSession);
        await carol.DeleteAsync(TrackerRoutes.CurrentUser);
        // Some type their password where the name is asked for.
        await LogInAsync(TestPassword.Changed, "x");
        await LogInAsync("nobody.has.this.name", "a wrong password");
        await LogInAsync("alice", "a wrong password");
        await LogInAsync("alice", "a wrong password");
        await LogInAsync("alice", "a wrong password");
        await LogInAsync("alice", "a wrong password");
        // Refused, so nothing was done.
        await bob.DeleteAsync(TrackerRoutes.Group("dev"));

        var lines = log.Lines.Where(line => line.Category == Audit.Category).ToList();
        Assert.Equal(
            [
                "RegistrationRefused   ",
                "UserMade alice  ", $"InvitationUsed alice  {id}", "UserMade bob  ", $"InvitationUsed bob  {id}", "UserMade carol  ", $"InvitationUsed carol  {id}",
                "LoggedIn alice  ", "LoggedIn bob  ", "LoggedIn carol  ",
                "GroupMade alice dev ", "JoinRequested bob dev ", "JoinApproved alice dev bob", "JoinRequested carol dev ", "JoinDenied alice dev carol",
                "GroupHandedOver alice dev bob", "MemberRemoved bob dev alice", "GroupRemoved bob dev ",
                "PasswordChanged alice  ", "LoggedOut bob  ", "UserRemoved carol  ",
                "PasswordWrong   ", "PasswordWrong   ", "PasswordWrong alice  ", "PasswordWrong alice  ", "Throttled   passwords",
            ],
            lines.Select(line => $"{line.Fields["Act"]} {line.Fields["User"]} {line.Fields["Group"]} {line.Fields["Subject"]}"));
        Assert.All(lines, line => Assert.Equal(IPAddress.Loopback, line.Fields["Address"]));
        Assert.All(lines, line => Assert.Equal(line.Fields["Act"]!.ToString(), line.Event.Name));
        Assert.All(lines, line => Assert.Equal((int)(AuditAct)line.Fields["Act"]!, line.Event.Id));

        string[] secrets =
        [
            TestPassword.Text, TestPassword.Changed, "a wrong password", invitation, "not an invitation", changed.Token!,
            alice.Session.Token!, bob.Session.Token!, carol.Session.Token!,
        ];
        Assert.True(log.Lines.Count > lines.Count, "everything else is logged too");
        Assert.All(log.Lines, line => Assert.All(secrets, secret => Assert.DoesNotContain(secret, line.Text, StringComparison.Ordinal)));

        Task<HttpResponseMessage> CreateAsync(string name, string token) =>
            stranger.PostAsync(TrackerRoutes.Users, new CreateUserRequest(name, TestPassword.Text, token));

        Task<HttpResponseMessage> LogInAsync(string name, string password) =>
            stranger.PostAsync(TrackerRoutes.Sessions, new LoginRequest(name, password));
    }

    [TrackerFact]
    public async Task A_flood_is_written_once_a_minute_for_an_address()
    {
        using var log = new LogRecorder();
        await using var tracker = await TestTracker.StartAsync(options => options.RequestsPerMinute = 1, log: log);
        using var here = TestUser.Stranger(tracker);
        using var there = TestUser.Stranger(tracker.Address, IPAddress.Parse("127.0.0.2"));
        for (var i = 0; i < 20; i++)
        {
            await here.GetAsync(TrackerRoutes.TicketKeys);
            await there.GetAsync(TrackerRoutes.TicketKeys);
        }

        Assert.Equal(
            ["127.0.0.1", "127.0.0.2"],
            log.Lines.Where(line => line.Event.Name == nameof(AuditAct.Throttled)).Select(line => line.Fields["Address"]!.ToString()).Order());
    }

    [TrackerFact]
    public async Task The_program_writes_it_unless_it_is_turned_off()
    {
        using var folder = new TemporaryFolder();
        try
        {
            Assert.Contains("LoggedIn address=127.0.0.1 user=alice", await RunAsync("alice"), StringComparison.Ordinal);
            Assert.DoesNotContain("LoggedIn", await RunAsync("bob", "--Logging:LogLevel:P2PShare.Audit=None"), StringComparison.Ordinal);
        }
        finally
        {
            await TestDatabase.DropAsync(folder.Combine("data"));
        }

        async Task<string> RunAsync(string name, params string[] settings)
        {
            await using var tracker = await TrackerProcess.StartAsync(folder.Path, settings);
            using var user = await TestUser.CreateAsync(tracker.Address, name);
            return (await tracker.SignalAsync(System.Runtime.InteropServices.PosixSignal.SIGTERM)).Error;
        }
    }
}
