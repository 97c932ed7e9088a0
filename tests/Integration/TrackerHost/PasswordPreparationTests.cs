using System.Net;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;

namespace P2PShare.Integration.TrackerHost;

/// <summary>A password is the same however a keyboard composes it (RFC 8265), and what a login costs shows nothing of the account.</summary>
public sealed class PasswordPreparationTests
{
    private const string Composed = "p\u00E9tit-caf\u00E9-\u00FC";
    private const string Decomposed = "pe\u0301tit-cafe\u0301-u\u0308";

    [TrackerTheory]
    [InlineData(Composed, Decomposed)]
    [InlineData(Decomposed, Composed)]
    [InlineData("no\u00A0break space", "no break\u3000space")]
    public async Task A_password_that_was_set_by_one_keyboard_logs_in_from_another(string set, string typed)
    {
        await using var tracker = await TestTracker.StartAsync();
        using var user = TestUser.Stranger(tracker);
        await user.Expect(HttpStatusCode.Created, await user.PostAsync(TrackerRoutes.Users, new CreateUserRequest("carol", set)));

        await user.Expect(HttpStatusCode.Created, await user.PostAsync(TrackerRoutes.Sessions, new LoginRequest("carol", typed)));
    }

    [TrackerFact]
    public async Task A_new_password_with_a_control_character_is_refused_and_changes_nothing()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");

        var refused = await alice.ExpectProblem(
            HttpStatusCode.BadRequest, ErrorCode.InvalidPassword,
            await alice.PutAsync(TrackerRoutes.CurrentPassword, new ChangePasswordRequest(TestPassword.Text, "with\ttab or two")));
        Assert.Equal("The password contains a control character, such as a tab or a line break.", refused.Detail);
        await alice.ExpectProblem(
            HttpStatusCode.BadRequest, ErrorCode.InvalidPassword, await alice.PostAsync(TrackerRoutes.Users, new CreateUserRequest("bob", "with\ttab or two")));
        await alice.LogInAsync();
    }

    [TrackerTheory]
    [InlineData("an ASCII password", 1)]
    [InlineData(Decomposed, 2)]
    [InlineData("with\tone tab", 1)]
    public async Task An_unknown_user_a_wrong_password_and_an_account_of_before_cost_and_read_the_same(string typed, int hashes)
    {
        await using var tracker = await TestTracker.StartAsync(options => options.LoginFailuresPerAddress = 1000);
        using var user = TestUser.Stranger(tracker);
        foreach (var name in new[] { "new", "old" })
        {
            await user.Expect(HttpStatusCode.Created, await user.PostAsync(TrackerRoutes.Users, new CreateUserRequest(name, TestPassword.Text)));
        }

        await tracker.Database.WriteAsync(
            connection => connection.ExecuteAsync("UPDATE users SET password_prepared = 0 WHERE name_key = 'old'"), CancellationToken.None);
        var accounts = tracker.Services.GetRequiredService<AccountService>();
        var details = new HashSet<string?>();
        foreach (var name in new[] { "unknown", "new", "old" })
        {
            var before = accounts.RoundsVerified;
            var answer = await user.PostAsync(TrackerRoutes.Sessions, new LoginRequest(name, typed));
            details.Add((await user.ExpectProblem(HttpStatusCode.Unauthorized, ErrorCode.WrongCredentials, answer)).Detail);
            Assert.Equal((name, hashes * 1000), (name, accounts.RoundsVerified - before));
        }

        Assert.Single(details);
    }
}
