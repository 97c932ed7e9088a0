using System.Net;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;

namespace P2PShare.Integration.TrackerHost;

public sealed class PasswordChangeTests
{
    [TrackerFact]
    public async Task The_new_password_counts_from_then_on_and_the_old_one_no_more()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "Alice");

        var answer = await ChangeAsync(alice);
        var session = await alice.Expect<SessionResponse>(HttpStatusCode.OK, answer);

        Assert.Equal(("Alice", alice.Session.TrackerId), (session.UserName, session.TrackerId));
        Assert.NotEqual(alice.Session.Token, session.Token);
        Assert.True(answer.Headers.CacheControl!.NoStore);
        await alice.Expect(HttpStatusCode.Created, await alice.PostAsync(TrackerRoutes.Sessions, new LoginRequest("alice", TestPassword.Changed)));
        await alice.ExpectProblem(
            HttpStatusCode.Unauthorized, ErrorCode.WrongCredentials, await alice.PostAsync(TrackerRoutes.Sessions, new LoginRequest("alice", TestPassword.Text)));
    }

    [TrackerFact]
    public async Task Every_session_ends_and_the_peers_of_the_calling_one_continue_under_the_new_token()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var owner = await TestUser.CreateAsync(tracker, "owner");
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var elsewhere = await TestUser.LogInAsync(tracker, "alice");
        await owner.CreateGroupAsync("dev");
        await alice.JoinAsync(owner, "dev");
        var root = TestUser.RandomHash();
        await alice.ShareAsync("dev", "file", root);
        await alice.AnnounceAsync(("dev", root, true));
        await elsewhere.AnnounceAsync(("dev", root, true));
        Assert.Equal(2, Assert.Single(await owner.ListFilesAsync("dev")).Sources);

        var session = await alice.Expect<SessionResponse>(HttpStatusCode.OK, await ChangeAsync(alice));

        foreach (var old in new[] { alice, elsewhere })
        {
            await old.ExpectProblem(HttpStatusCode.Unauthorized, ErrorCode.NotLoggedIn, await old.GetPageAsync(TrackerRoutes.Groups));
        }

        var peer = Assert.Single(Assert.Single((await owner.FindSourcesAsync("dev", root)).Contents).Peers);
        Assert.Equal(alice.Fingerprint, peer.Fingerprint);
        alice.UseToken(session.Token);
        var sign = new AnnounceRequest(alice.Fingerprint, 5000, [], Full: false, [], [], RevocationsAfter: 0);
        Assert.True((await alice.AnnounceAsync(sign)).Known, "the peer need not announce all again");
        await alice.Expect(HttpStatusCode.NoContent, await alice.DeleteAsync(TrackerRoutes.CurrentSession));
        Assert.Empty(Assert.Single((await owner.FindSourcesAsync("dev", root)).Contents).Peers);
    }

    [TrackerFact]
    public async Task A_wrong_current_password_or_a_bad_new_one_changes_nothing()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "longname");

        await alice.ExpectProblem(HttpStatusCode.Unauthorized, ErrorCode.WrongCredentials, await ChangeAsync(alice, current: "wrong password"));
        foreach (var bad in new[] { "", "1234567", new string('x', 257), "LONGNAME" })
        {
            await alice.ExpectProblem(HttpStatusCode.BadRequest, ErrorCode.InvalidPassword, await ChangeAsync(alice, next: bad));
        }

        await alice.Expect(HttpStatusCode.OK, await alice.GetPageAsync(TrackerRoutes.Groups));
        await alice.LogInAsync();
    }

    [TrackerFact]
    public async Task A_wrong_guess_costs_and_counts_as_one_at_a_login()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.LoginFailuresPerAccount = 3);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        var accounts = tracker.Services.GetRequiredService<AccountService>();
        var before = accounts.RoundsVerified;
        await alice.Expect(HttpStatusCode.Unauthorized, await ChangeAsync(alice, current: "wrong password"));
        Assert.Equal(1000, accounts.RoundsVerified - before);

        await alice.Expect(HttpStatusCode.Unauthorized, await alice.PostAsync(TrackerRoutes.Sessions, new LoginRequest("alice", "wrong password")));
        await alice.Expect(HttpStatusCode.Unauthorized, await ChangeAsync(alice, current: "wrong password"));

        await alice.ExpectProblem(HttpStatusCode.TooManyRequests, ErrorCode.TooManyAttempts, await ChangeAsync(alice));
    }

    [TrackerFact]
    public async Task Of_changes_at_once_one_wins_and_its_password_is_the_one_that_counts()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.LoginFailuresPerAccount = 100);
        using var alice = await TestUser.CreateAsync(tracker, "alice");

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i => (Next: $"new password {i}", Answer: await ChangeAsync(alice, next: $"new password {i}"))));

        var winner = Assert.Single(answers, one => one.Answer.StatusCode == HttpStatusCode.OK);
        Assert.All(answers.Except([winner]), one => Assert.Equal(HttpStatusCode.Unauthorized, one.Answer.StatusCode));
        await alice.Expect(HttpStatusCode.Created, await alice.PostAsync(TrackerRoutes.Sessions, new LoginRequest("alice", winner.Next)));
    }

    [TrackerFact]
    public async Task A_login_with_the_old_password_that_a_change_overtakes_opens_no_session()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        var accounts = tracker.Services.GetRequiredService<AccountService>();
        var verified = await accounts.LogInAsync("alice", TestPassword.Text, IPAddress.Loopback, CancellationToken.None);

        await alice.Expect(HttpStatusCode.OK, await ChangeAsync(alice));

        Assert.Null(await accounts.OpenSessionAsync(verified, IPAddress.Loopback, CancellationToken.None));
    }

    [TrackerFact]
    public async Task Neither_password_gets_into_the_database()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        var session = await alice.Expect<SessionResponse>(HttpStatusCode.OK, await ChangeAsync(alice));

        var text = await TestDatabase.DumpAsync(tracker.DataPath);
        Assert.DoesNotContain(TestPassword.Changed, text, StringComparison.Ordinal);
        Assert.DoesNotContain(session.Token!, text, StringComparison.Ordinal);
    }

    private static Task<HttpResponseMessage> ChangeAsync(TestUser user, string current = TestPassword.Text, string next = TestPassword.Changed) =>
        user.PutAsync(TrackerRoutes.CurrentPassword, new ChangePasswordRequest(current, next));
}
