using System.Net;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Groups;

namespace P2PShare.Integration.TrackerHost;

public sealed class UserRemovalTests
{
    [TrackerFact]
    public async Task All_that_a_user_was_and_had_goes_and_the_name_is_free()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        using var elsewhere = await TestUser.LogInAsync(tracker, "bob");
        await alice.CreateGroupAsync("dev");
        await alice.CreateGroupAsync("ops");
        await bob.JoinAsync(alice, "dev");
        await bob.Expect(HttpStatusCode.Created, await bob.PostAsync(TrackerRoutes.JoinRequests("ops")));
        var (own, both) = (TestUser.RandomHash(), TestUser.RandomHash());
        await bob.ShareAsync("dev", "own", own);
        await bob.ShareAsync("dev", "both", both);
        await alice.ShareAsync("dev", "both", both);
        await bob.AnnounceAsync(("dev", both, true));

        await bob.Expect(HttpStatusCode.NoContent, await bob.DeleteAsync(TrackerRoutes.CurrentUser));

        foreach (var session in new[] { bob, elsewhere })
        {
            await session.ExpectProblem(HttpStatusCode.Unauthorized, ErrorCode.NotLoggedIn, await session.GetAsync(TrackerRoutes.Groups));
        }

        await bob.ExpectProblem(
            HttpStatusCode.Unauthorized, ErrorCode.WrongCredentials, await bob.PostAsync(TrackerRoutes.Sessions, new LoginRequest("bob", TestPassword.Text)));
        var file = Assert.Single(await alice.ListFilesAsync("dev"));
        Assert.Equal(("both", "alice", 0), (file.Name, file.Owner, file.Sources));
        Assert.Empty(await alice.Expect<IReadOnlyList<JoinRequestResponse>>(HttpStatusCode.OK, await alice.GetAsync(TrackerRoutes.JoinRequests("ops"))));
        Assert.Equal(1, (await alice.Expect<GroupResponse>(HttpStatusCode.OK, await alice.GetAsync(TrackerRoutes.Group("dev")))).MemberCount);
        using var another = await TestUser.CreateAsync(tracker, "Bob");
        await another.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, await another.GetAsync(TrackerRoutes.Files("dev")));
    }

    [TrackerFact]
    public async Task An_owner_of_groups_is_not_deleted_and_learns_which()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        await bob.CreateGroupAsync("third");
        await alice.JoinAsync(bob, "third");
        await alice.CreateGroupAsync("one");
        await alice.CreateGroupAsync("two");

        var problem = await alice.ExpectProblem(HttpStatusCode.Conflict, ErrorCode.UserOwnsGroups, await alice.DeleteAsync(TrackerRoutes.CurrentUser));

        Assert.Contains("'one', 'two'", problem.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("third", problem.Detail, StringComparison.Ordinal);
        await alice.Expect(HttpStatusCode.OK, await alice.GetAsync(TrackerRoutes.Files("third")));

        await alice.Expect(HttpStatusCode.NoContent, await alice.DeleteAsync(TrackerRoutes.Group("one")));
        await alice.Expect(HttpStatusCode.NoContent, await alice.DeleteAsync(TrackerRoutes.Group("two")));
        await alice.Expect(HttpStatusCode.NoContent, await alice.DeleteAsync(TrackerRoutes.CurrentUser));
    }

    [TrackerFact]
    public async Task Of_many_groups_ten_are_named()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        foreach (var number in Enumerable.Range(10, 12))
        {
            await alice.CreateGroupAsync($"group{number}");
        }

        var problem = await alice.ExpectProblem(HttpStatusCode.Conflict, ErrorCode.UserOwnsGroups, await alice.DeleteAsync(TrackerRoutes.CurrentUser));

        Assert.Contains("'group19' and 2 more", problem.Detail, StringComparison.Ordinal);
    }

    [TrackerFact]
    public async Task Requests_under_way_when_the_user_is_deleted_are_refused_as_without_a_session()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        await alice.CreateGroupAsync("dev");
        var sessions = tracker.Services.GetRequiredService<SessionService>();
        var found = (await sessions.FindAsync(bob.Session.Token!, CancellationToken.None))!;
        await bob.Expect(HttpStatusCode.NoContent, await bob.DeleteAsync(TrackerRoutes.CurrentUser));

        var groups = tracker.Services.GetRequiredService<GroupService>();
        var requests = tracker.Services.GetRequiredService<JoinRequestService>();
        foreach (var write in new Func<Task>[]
        {
            () => groups.CreateAsync(found, "mine", CancellationToken.None),
            () => requests.AskAsync(found, "dev", CancellationToken.None),
        })
        {
            Assert.Equal(ErrorCode.NotLoggedIn, (await Assert.ThrowsAsync<P2PShareException>(write)).Code);
        }
    }
}
