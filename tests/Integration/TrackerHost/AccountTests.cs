using System.Net;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;

namespace P2PShare.Integration.TrackerHost;

public sealed class AccountTests
{
    [TrackerFact]
    public async Task A_user_is_called_as_the_user_wrote_it_and_found_in_any_case()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "Alice");
        using var same = await TestUser.LogInAsync(tracker, "aLICE");

        Assert.Equal("Alice", same.Session.UserName);
        Assert.Equal(alice.Session.TrackerId, same.Session.TrackerId);
        Assert.NotEqual(alice.Session.Token, same.Session.Token);
    }

    [TrackerFact]
    public async Task A_name_that_differs_only_in_case_is_taken()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "Alice");

        var answer = await alice.PostAsync(TrackerRoutes.Users, new CreateUserRequest("ALICE", "another password"));

        await alice.ExpectProblem(HttpStatusCode.Conflict, ErrorCode.UserNameTaken, answer);
    }

    [TrackerFact]
    public async Task One_of_many_simultaneous_requests_for_a_name_gets_it()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var stranger = TestUser.Stranger(tracker);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ =>
            stranger.PostAsync(TrackerRoutes.Users, new CreateUserRequest("popular", TestPassword.Text))));

        Assert.Equal(1, answers.Count(answer => answer.StatusCode == HttpStatusCode.Created));
        Assert.Equal(19, answers.Count(answer => answer.StatusCode == HttpStatusCode.Conflict));
    }

    [TrackerTheory]
    [InlineData("")]
    [InlineData("-dash")]
    [InlineData("two words")]
    [InlineData("ünï")]
    public async Task A_bad_name_is_refused_with_the_reason(string name)
    {
        await using var tracker = await TestTracker.StartAsync();
        using var stranger = TestUser.Stranger(tracker);

        var answer = await stranger.PostAsync(TrackerRoutes.Users, new CreateUserRequest(name, TestPassword.Text));

        await stranger.ExpectProblem(HttpStatusCode.BadRequest, ErrorCode.InvalidUserName, answer);
    }

    [TrackerFact]
    public async Task A_password_has_8_to_256_characters_and_is_not_the_name()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var stranger = TestUser.Stranger(tracker);
        foreach (var bad in new[] { "", "1234567", new string('x', 257), "LONGNAME" })
        {
            var answer = await stranger.PostAsync(TrackerRoutes.Users, new CreateUserRequest("longname", bad));
            var problem = await stranger.ExpectProblem(HttpStatusCode.BadRequest, ErrorCode.InvalidPassword, answer);
            Assert.False(bad.Length > 0 && problem.Detail!.Contains(bad, StringComparison.Ordinal));
        }

        foreach (var (name, good) in new[] { ("short", "12345678"), ("long", new string('x', 256)) })
        {
            await stranger.Expect(HttpStatusCode.Created, await stranger.PostAsync(TrackerRoutes.Users, new CreateUserRequest(name, good)));
            await stranger.Expect(HttpStatusCode.Created, await stranger.PostAsync(TrackerRoutes.Sessions, new LoginRequest(name, good)));
        }
    }

    [TrackerFact]
    public async Task An_unknown_user_and_a_wrong_password_read_the_same()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");

        var wrong = await alice.PostAsync(TrackerRoutes.Sessions, new LoginRequest("alice", "wrong password"));
        var unknown = await alice.PostAsync(TrackerRoutes.Sessions, new LoginRequest("nobody", "wrong password"));

        await alice.ExpectProblem(HttpStatusCode.Unauthorized, ErrorCode.WrongCredentials, wrong);
        await alice.ExpectProblem(HttpStatusCode.Unauthorized, ErrorCode.WrongCredentials, unknown);
        Assert.Equal(await ResponseText.ReadAsync(wrong), await ResponseText.ReadAsync(unknown));
    }

    [TrackerTheory]
    [InlineData("nobody")]
    [InlineData("no such name")]
    public async Task An_unknown_user_costs_as_much_as_a_wrong_password(string unknown)
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");

        var wrong = await CostAsync("alice");

        Assert.True(wrong >= 1000, $"a wrong password cost {wrong} rounds");
        Assert.Equal(wrong, await CostAsync(unknown));

        // In rounds of hashing rather than in seconds: other processes do not change those.
        async Task<long> CostAsync(string name)
        {
            var accounts = tracker.Services.GetRequiredService<AccountService>();
            var before = accounts.RoundsVerified;
            await alice.Expect(
                HttpStatusCode.Unauthorized, await alice.PostAsync(TrackerRoutes.Sessions, new LoginRequest(name, "wrong password")));
            return accounts.RoundsVerified - before;
        }
    }

    [TrackerFact]
    public async Task The_database_holds_neither_passwords_nor_tokens()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");

        var text = await TestDatabase.DumpAsync(tracker.DataPath);
        Assert.DoesNotContain(TestPassword.Text, text, StringComparison.Ordinal);
        Assert.DoesNotContain(alice.Session.Token!, text, StringComparison.Ordinal);
    }

    [TrackerFact]
    public async Task A_password_hashed_with_fewer_rounds_is_hashed_anew_at_the_next_login()
    {
        using var folder = new TemporaryFolder();
        await using (var old = await TestTracker.StartAsync(options => (options.DataPath, options.PasswordIterations) = (folder.Path, 1000)))
        {
            using var alice = await TestUser.CreateAsync(old, "alice");
        }

        await using var tracker = await TestTracker.StartAsync(options => (options.DataPath, options.PasswordIterations) = (folder.Path, 2000));
        using var first = await TestUser.LogInAsync(tracker, "alice");
        Assert.Contains("pbkdf2-sha512$2000$", await PasswordHashAsync(tracker), StringComparison.Ordinal);
        using var second = await TestUser.LogInAsync(tracker, "alice");
    }

    private static async Task<string> PasswordHashAsync(TestTracker tracker)
    {
        var users = tracker.Services.GetRequiredService<UserService>();
        return (await users.FindAsync("alice", CancellationToken.None))!.PasswordHash;
    }
}
