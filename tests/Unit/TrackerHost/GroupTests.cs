using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Unit.TrackerHost;

public sealed class GroupTests
{
    [Fact]
    public async Task Who_creates_a_group_owns_it_and_everybody_sees_it()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "Alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");

        var created = await alice.CreateGroupAsync("Dev");
        await bob.CreateGroupAsync("beta");

        Assert.Equal(("Dev", "Alice", 1, GroupRole.Owner), (created.Name, created.Owner, created.MemberCount, created.Role));
        Assert.InRange(created.Created, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
        var seen = await bob.Expect<IReadOnlyList<GroupResponse>>(HttpStatusCode.OK, await bob.GetAsync(TrackerRoutes.Groups));
        Assert.Equal([("beta", GroupRole.Owner), ("Dev", GroupRole.None)], seen.Select(group => (group.Name, group.Role)));
        var one = await bob.Expect<GroupResponse>(HttpStatusCode.OK, await bob.GetAsync(TrackerRoutes.Group("dEV")));
        Assert.Equal(created with { Role = GroupRole.None }, one);
    }

    [Fact]
    public async Task A_group_name_is_taken_in_any_case_and_a_bad_one_is_refused()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await alice.CreateGroupAsync("Dev");

        await alice.ExpectProblem(
            HttpStatusCode.Conflict, ErrorCode.GroupNameTaken, await alice.PostAsync(TrackerRoutes.Groups, new CreateGroupRequest("dev")));
        await alice.ExpectProblem(
            HttpStatusCode.BadRequest, ErrorCode.InvalidGroupName, await alice.PostAsync(TrackerRoutes.Groups, new CreateGroupRequest("a/b")));
    }

    [Fact]
    public async Task A_group_that_does_not_exist_is_not_found_whatever_is_asked_of_it()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        HttpResponseMessage[] answers =
        [
            await alice.GetAsync(TrackerRoutes.Group("none")),
            await alice.PostAsync(TrackerRoutes.JoinRequests("none")),
            await alice.GetAsync(TrackerRoutes.JoinRequests("none")),
            await alice.PostAsync(TrackerRoutes.Approval("none", "bob")),
            await alice.DeleteAsync(TrackerRoutes.JoinRequest("none", "bob")),
            await alice.DeleteAsync(TrackerRoutes.Member("none", "alice")),
            await alice.GetAsync(TrackerRoutes.Files("none")),
            await alice.ShareAsync("none", "file", TestUser.RandomHash()),
            await alice.DeleteAsync(TrackerRoutes.File("none", "file")),
            await alice.AskSourcesAsync("none", TestUser.RandomHash()),
        ];
        foreach (var answer in answers)
        {
            await alice.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.GroupNotFound, answer);
        }
    }

    [Fact]
    public async Task A_member_can_leave_and_loses_shares_and_holdings_there()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "Bob");
        await alice.CreateGroupAsync("dev");
        await alice.CreateGroupAsync("other");
        await bob.JoinAsync(alice, "dev");
        await bob.JoinAsync(alice, "other");
        var (own, both) = (TestUser.RandomHash(), TestUser.RandomHash());
        await bob.ShareAsync("dev", "own", own);
        await bob.ShareAsync("dev", "both", both);
        await alice.ShareAsync("dev", "both", both);
        await bob.ShareAsync("other", "own", own);
        await bob.AnnounceAsync(new Holding("dev", both, true), new Holding("other", own, true));

        await bob.Expect(HttpStatusCode.NoContent, await bob.DeleteAsync(TrackerRoutes.Member("dev", "bob")));

        var file = Assert.Single(await alice.ListFilesAsync("dev"));
        Assert.Equal(("both", "alice", 0), (file.Name, file.Owner, file.Sources));
        Assert.Empty(Assert.Single((await alice.FindSourcesAsync("dev", both)).Contents).Peers);
        Assert.Equal(1, Assert.Single(await alice.ListFilesAsync("other")).Sources);
        await bob.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, await bob.GetAsync(TrackerRoutes.Files("dev")));
        await bob.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, await bob.DeleteAsync(TrackerRoutes.Member("dev", "Bob")));
    }

    [Fact]
    public async Task The_owner_cannot_leave()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await alice.CreateGroupAsync("dev");

        await alice.ExpectProblem(
            HttpStatusCode.Conflict, ErrorCode.OwnerCannotLeave, await alice.DeleteAsync(TrackerRoutes.Member("dev", "alice")));
    }

    [Fact]
    public async Task Only_the_owner_removes_another_member()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        using var carol = await TestUser.CreateAsync(tracker, "carol");
        await alice.CreateGroupAsync("dev");
        await bob.JoinAsync(alice, "dev");
        await carol.JoinAsync(alice, "dev");

        await bob.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotOwner, await bob.DeleteAsync(TrackerRoutes.Member("dev", "carol")));
        await alice.Expect(HttpStatusCode.NoContent, await alice.DeleteAsync(TrackerRoutes.Member("dev", "carol")));
        await alice.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, await alice.DeleteAsync(TrackerRoutes.Member("dev", "carol")));
        await alice.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, await alice.DeleteAsync(TrackerRoutes.Member("dev", "nobody")));
        await carol.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, await carol.GetAsync(TrackerRoutes.Files("dev")));
        await bob.Expect(HttpStatusCode.OK, await bob.GetAsync(TrackerRoutes.Files("dev")));
    }
}
