using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.Integration.Upgrade;

/// <summary>A tracker continues the database of the version before: users, passwords, sessions, groups, files and invitations.</summary>
public sealed class TrackerUpgradeTests : IDisposable
{
    private const string Composed = "p\u00E9tit-caf\u00E9-\u00FC";
    private const string Decomposed = "pe\u0301tit-cafe\u0301-u\u0308";

    private readonly SchemaSeven _before = new();

    public void Dispose() => _before.Dispose();

    [Fact]
    public async Task A_session_continues_and_everything_has_an_id()
    {
        await using var tracker = await _before.StartTrackerAsync();
        using var alice = TestUser.Stranger(tracker);
        alice.UseToken(_before.SessionToken);

        var session = await alice.Expect<SessionResponse>(HttpStatusCode.OK, await alice.GetAsync(TrackerRoutes.CurrentSession));

        Assert.Equal("Alice", session.UserName);
        Assert.Equal(session, await alice.Expect<SessionResponse>(HttpStatusCode.OK, await alice.GetAsync(TrackerRoutes.CurrentSession)));
        var groups = await alice.Expect<IReadOnlyList<GroupResponse>>(HttpStatusCode.OK, await alice.GetPageAsync(TrackerRoutes.Groups));
        Assert.Equal([("Dev", GroupRole.Member), ("empty-group", GroupRole.None)], groups.Select(group => (group.Name, group.Role)));
        Assert.All(groups, group => Assert.True(group.Listed));
        var files = await alice.ListFilesAsync("dev");
        Assert.Equal(["docs/shared.txt", "image.bin"], files.Select(file => file.Name));
        Assert.All(files, file => Assert.Equal(groups[0].GroupId, file.GroupId));
        Assert.All(files, file => Assert.Equal((null, null, 1), (file.Modified, file.Executable, file.Version)));
        Guid[] ids = [session.UserId, session.SessionId, .. groups.Select(group => group.GroupId)];
        Assert.Equal(4, ids.Distinct().Count());
        // Version 4, variant 1.
        Assert.All(ids, id => Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", id.ToString("D")));
    }

    [Theory]
    [InlineData("Alice", TestPassword.Text)]
    [InlineData("composed", Composed)]
    [InlineData("composed", Decomposed)] // another keyboard: this failed before
    [InlineData("decomposed", Decomposed)]
    [InlineData("no-break-space", "no\u00A0break\u3000space")]
    [InlineData("control", "with\tone\u0007control")]
    public async Task A_password_of_before_still_logs_in_again_and_again(string name, string password)
    {
        await using var tracker = await _before.StartTrackerAsync();
        using var user = TestUser.Stranger(tracker);
        for (var i = 0; i < 2; i++)
        {
            await user.Expect(HttpStatusCode.Created, await user.PostAsync(TrackerRoutes.Sessions, new LoginRequest(name, password)));
        }
    }

    [Theory]
    [InlineData("decomposed", Decomposed, Composed)]
    [InlineData("no-break-space", "no\u00A0break\u3000space", "no break space")]
    public async Task A_login_prepares_the_password_of_before_for_other_keyboards(string name, string typed, string prepared)
    {
        await using var tracker = await _before.StartTrackerAsync();
        using var user = TestUser.Stranger(tracker);
        Task<HttpResponseMessage> LogInAsync(string password) => user.PostAsync(TrackerRoutes.Sessions, new LoginRequest(name, password));

        await user.ExpectProblem(HttpStatusCode.Unauthorized, ErrorCode.WrongCredentials, await LogInAsync(prepared));
        await user.Expect(HttpStatusCode.Created, await LogInAsync(typed));

        await user.Expect(HttpStatusCode.Created, await LogInAsync(prepared));
        await user.Expect(HttpStatusCode.Created, await LogInAsync(typed));
    }

    [Fact]
    public async Task An_invitation_is_still_good_and_a_join_request_still_waits()
    {
        await using var tracker = await _before.StartTrackerAsync(options => options.Registration = RegistrationMode.Invitation);
        using var invited = TestUser.Stranger(tracker);
        await invited.Expect(
            HttpStatusCode.Created,
            await invited.PostAsync(TrackerRoutes.Users, new CreateUserRequest("invited", TestPassword.Text, _before.InvitationToken)));

        using var owner = await TestUser.LogInAsync(tracker, "Owner");
        await owner.Expect(HttpStatusCode.NoContent, await owner.PostAsync(TrackerRoutes.Approval("Dev", "waiting")));
    }
}
