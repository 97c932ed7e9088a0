using System.Net;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.Integration.TrackerHost;

/// <summary>Who can make an account, in each mode.</summary>
public sealed class RegistrationTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await TestDatabase.DropAsync(_folder.Combine("data"));
        _folder.Dispose();
    }

    [TrackerFact]
    public async Task In_open_mode_an_invitation_is_neither_needed_nor_looked_at()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var stranger = TestUser.Stranger(tracker);

        await stranger.Expect(HttpStatusCode.Created, await CreateAsync(stranger, "alice", "nonsense"));
    }

    [TrackerFact]
    public async Task In_closed_mode_no_caller_creates_an_account_or_learns_which_names_are_taken()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.Registration = RegistrationMode.Closed);
        await tracker.Services.GetRequiredService<UserService>().CreateAsync("taken", PasswordHash.Compute(TestPassword.Text, 1000), null, CancellationToken.None);
        using var stranger = TestUser.Stranger(tracker);

        var free = await CreateAsync(stranger, "free", null);
        var taken = await CreateAsync(stranger, "taken", null);

        await stranger.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.RegistrationClosed, free);
        Assert.Equal(await ResponseText.ReadAsync(free), await ResponseText.ReadAsync(taken));
        using var user = await TestUser.LogInAsync(tracker, "taken");
    }

    [TrackerFact]
    public async Task An_invitation_is_good_for_its_number_of_accounts()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.Registration = RegistrationMode.Invitation);
        using var stranger = TestUser.Stranger(tracker);
        var (token, _, _) = await InviteAsync(tracker, 2);

        await stranger.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.InvalidInvitation, await CreateAsync(stranger, "one", null));
        await stranger.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.InvalidInvitation, await CreateAsync(stranger, "one", token + "x"));
        await stranger.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.InvalidInvitation, await CreateAsync(stranger, "one", new string('x', 100_000)));
        await stranger.Expect(HttpStatusCode.Created, await CreateAsync(stranger, "one", token));
        // What fails for another reason takes no use off.
        await stranger.ExpectProblem(HttpStatusCode.Conflict, ErrorCode.UserNameTaken, await CreateAsync(stranger, "one", token));
        await stranger.ExpectProblem(HttpStatusCode.BadRequest, ErrorCode.InvalidUserName, await CreateAsync(stranger, "no name", token));
        await stranger.Expect(HttpStatusCode.Created, await CreateAsync(stranger, "two", token));
        await stranger.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.InvalidInvitation, await CreateAsync(stranger, "three", token));
        Assert.DoesNotContain(token, await TestDatabase.DumpAsync(tracker.DataPath), StringComparison.Ordinal);
    }

    [TrackerFact]
    public async Task Simultaneous_uses_of_an_invitation_create_its_number_of_accounts()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.Registration = RegistrationMode.Invitation);
        using var stranger = TestUser.Stranger(tracker);
        var (token, _, _) = await InviteAsync(tracker, 3);

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => CreateAsync(stranger, $"user{i}", token)));

        Assert.Equal(3, answers.Count(answer => answer.StatusCode == HttpStatusCode.Created));
        Assert.Equal(7, answers.Count(answer => answer.StatusCode == HttpStatusCode.Forbidden));
        Assert.Equal(3, await tracker.CountAsync("users"));
    }

    [TrackerFact]
    public async Task An_invitation_expires_and_can_be_withdrawn()
    {
        var clock = new TrackerClock();
        await using var tracker = await TestTracker.StartAsync(options => options.Registration = RegistrationMode.Invitation, clock);
        using var stranger = TestUser.Stranger(tracker);
        var (old, _, _) = await InviteAsync(tracker, 5);
        clock.Advance(TimeSpan.FromDays(6));
        await stranger.Expect(HttpStatusCode.Created, await CreateAsync(stranger, "one", old));
        clock.Advance(TimeSpan.FromDays(1));
        await stranger.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.InvalidInvitation, await CreateAsync(stranger, "two", old));

        var (token, id, _) = await InviteAsync(tracker, 5);
        var store = tracker.Services.GetRequiredService<InvitationService>();
        Assert.True(await store.WithdrawAsync(id, CancellationToken.None));
        Assert.False(await store.WithdrawAsync(id, CancellationToken.None));
        await stranger.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.InvalidInvitation, await CreateAsync(stranger, "two", token));
    }

    [TrackerFact]
    public async Task The_operator_invites_and_withdraws_and_makes_accounts_at_the_command_line_while_the_tracker_runs()
    {
        await using var tracker = await TrackerProcess.StartAsync(_folder.Path, "--Tracker:Registration=invitation", "--Tracker:AnnounceInterval=00:00:01");
        using var stranger = TestUser.Stranger(tracker.Address);

        var (code, token, said) = await TrackerProcess.CommandAsync(_folder.Path, null, "invite", "--uses", "2", "--days=1");
        Assert.Equal(0, code);
        var id = System.Text.RegularExpressions.Regex.Match(said, "^Invitation ([0-9a-f]+), good for 2 accounts until ").Groups[1].Value;
        await stranger.Expect(HttpStatusCode.Created, await CreateAsync(stranger, "invited", token.Trim()));
        Assert.Equal((0, "", ""), await TrackerProcess.CommandAsync(_folder.Path, null, "uninvite", id));
        await stranger.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.InvalidInvitation, await CreateAsync(stranger, "late", token.Trim()));

        Assert.Equal((0, "", ""), await TrackerProcess.CommandAsync(_folder.Path, "a secret of carol\n", "adduser", "carol"));
        await stranger.Expect(HttpStatusCode.Created, await stranger.PostAsync(TrackerRoutes.Sessions, new LoginRequest("carol", "a secret of carol")));
        await ExpectAuditAsync(tracker, "InvitationMade", id);
        await ExpectAuditAsync(tracker, "InvitationWithdrawn", id);
        await ExpectAuditAsync(tracker, "UserMade", "carol");
    }

    [TrackerFact]
    public async Task The_operator_gives_another_password_and_deletes_accounts_at_the_command_line_while_the_tracker_runs()
    {
        await using var tracker = await TrackerProcess.StartAsync(_folder.Path, "--Tracker:AnnounceInterval=00:00:01");
        using var alice = await TestUser.CreateAsync(tracker.Address, "alice");
        using var stranger = TestUser.Stranger(tracker.Address);

        Assert.Equal((0, "", ""), await TrackerProcess.CommandAsync(_folder.Path, "another secret\n", "passwd", "Alice"));
        await alice.ExpectProblem(HttpStatusCode.Unauthorized, ErrorCode.NotLoggedIn, await alice.GetPageAsync(TrackerRoutes.Groups));
        await stranger.ExpectProblem(
            HttpStatusCode.Unauthorized, ErrorCode.WrongCredentials, await stranger.PostAsync(TrackerRoutes.Sessions, new LoginRequest("alice", TestPassword.Text)));
        var session = await stranger.Expect<SessionResponse>(
            HttpStatusCode.Created, await stranger.PostAsync(TrackerRoutes.Sessions, new LoginRequest("alice", "another secret")));

        alice.UseToken(session.Token);
        await alice.CreateGroupAsync("dev");
        await ExpectAsync(1, "'alice' owns 'dev'", true, null, "deluser", "alice");
        await alice.Expect(HttpStatusCode.NoContent, await alice.DeleteAsync(TrackerRoutes.Group("dev")));
        Assert.Equal((0, "", ""), await TrackerProcess.CommandAsync(_folder.Path, null, "deluser", "alice"));
        await alice.ExpectProblem(HttpStatusCode.Unauthorized, ErrorCode.NotLoggedIn, await alice.GetPageAsync(TrackerRoutes.Groups));
        await ExpectAsync(1, "There is no user called 'alice'", true, null, "deluser", "alice");
        await ExpectAsync(1, "There is no user called 'alice'", true, "another secret\n", "passwd", "alice");
        await ExpectAuditAsync(tracker, "PasswordReset", "Alice");
        await ExpectAuditAsync(tracker, "UserRemoved", "alice");
        // Those that failed did nothing.
        Assert.Equal(2, tracker.Log.Split("operator:").Length - 1);
    }

    [TrackerFact]
    public async Task A_failed_command_is_explained_in_a_sentence()
    {
        await ExpectAsync(1, "start the tracker once", TestDatabase.Kind == P2PShare.TrackerHost.Configuration.DatabaseKind.Sqlite, null, "invite");
        await using var tracker = await TrackerProcess.StartAsync(_folder.Path);
        await ExpectAsync(2, "--uses is '0': 1 to 10000", true, null, "invite", "--uses", "0");
        await ExpectAsync(2, "'--use' is not an option", true, null, "invite", "--use", "1");
        await ExpectAsync(2, "2 words in front", true, null, "adduser", "carol", "secret");
        await ExpectAsync(1, "There is no invitation 'abc'", true, null, "uninvite", "abc");
        await ExpectAsync(1, "A password has 8 to 256 characters", true, "short\n", "adduser", "carol");
        await ExpectAsync(1, "8 to 256 characters", true, "", "adduser", "carol");
        Assert.Equal(0, (await TrackerProcess.CommandAsync(_folder.Path, "a secret of carol\n", "adduser", "carol")).Code);
        await ExpectAsync(1, "exists already", true, "a secret of carol\n", "adduser", "CAROL");
    }

    private static Task<HttpResponseMessage> CreateAsync(TestUser who, string name, string? invitation) =>
        who.PostAsync(TrackerRoutes.Users, new CreateUserRequest(name, TestPassword.Text, invitation));

    private static Task<(string Token, string Id, DateTimeOffset Expires)> InviteAsync(TestTracker tracker, int uses) =>
        tracker.Services.GetRequiredService<InvitationService>().CreateAsync(uses, TimeSpan.FromDays(7), CancellationToken.None);

    private static Task ExpectAuditAsync(TrackerProcess tracker, string act, string subject) => Eventually.HoldsAsync(
        () => tracker.Log.Contains($"{act} address=(null) user=operator:{Environment.UserName} group=(null) subject={subject}", StringComparison.Ordinal),
        $"the audit log has {act} of {subject}");

    private async Task ExpectAsync(int expected, string part, bool applies, string? input, params string[] args)
    {
        if (!applies)
        {
            return;
        }

        var (code, output, error) = await TrackerProcess.CommandAsync(_folder.Path, input, args);
        Assert.Equal((expected, ""), (code, output));
        Assert.Contains(part, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }
}
