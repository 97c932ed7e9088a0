using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.TrackerHost;

public sealed class GroupTests
{
    [TrackerFact]
    public async Task The_creator_owns_a_group_and_every_user_sees_it()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "Alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");

        var created = await alice.CreateGroupAsync("Dev");
        await bob.CreateGroupAsync("beta");

        Assert.Equal(("Dev", "Alice", 1, GroupRole.Owner), (created.Name, created.Owner, created.MemberCount, created.Role));
        Assert.InRange(created.Created, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
        var seen = await bob.Expect<IReadOnlyList<GroupResponse>>(HttpStatusCode.OK, await bob.GetPageAsync(TrackerRoutes.Groups));
        Assert.Equal([("beta", GroupRole.Owner), ("Dev", GroupRole.None)], seen.Select(group => (group.Name, group.Role)));
        var one = await bob.Expect<GroupResponse>(HttpStatusCode.OK, await bob.GetAsync(TrackerRoutes.Group("dEV")));
        Assert.Equal(created with { Role = GroupRole.None, MemberRole = null }, one);
    }

    [TrackerFact]
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

    [TrackerFact]
    public async Task A_group_that_does_not_exist_is_not_found_whatever_is_asked_of_it()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        HttpResponseMessage[] answers =
        [
            await alice.GetAsync(TrackerRoutes.Group("none")),
            await alice.PostAsync(TrackerRoutes.JoinRequests("none")),
            await alice.GetPageAsync(TrackerRoutes.JoinRequests("none")),
            await alice.PostAsync(TrackerRoutes.Approval("none", "bob")),
            await alice.DeleteAsync(TrackerRoutes.JoinRequest("none", "bob")),
            await alice.DeleteAsync(TrackerRoutes.Member("none", "alice")),
            await alice.GetPageAsync(TrackerRoutes.Members("none")),
            await alice.PutAsync(TrackerRoutes.GroupOwner("none"), new SetGroupOwnerRequest("alice")),
            await alice.DeleteAsync(TrackerRoutes.Group("none")),
            await alice.GetPageAsync(TrackerRoutes.Files("none")),
            await alice.ShareAsync("none", "file", TestUser.RandomHash()),
            await alice.DeleteAsync(TrackerRoutes.File("none", "file")),
            await alice.AskSourcesAsync("none", TestUser.RandomHash()),
        ];
        foreach (var answer in answers)
        {
            await alice.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.GroupNotFound, answer);
        }
    }

    [TrackerFact]
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
        await bob.AnnounceAsync(("dev", both, true), ("other", own, true));

        await bob.Expect(HttpStatusCode.NoContent, await bob.DeleteAsync(TrackerRoutes.Member("dev", "bob")));

        var file = Assert.Single(await alice.ListFilesAsync("dev"));
        Assert.Equal(("both", "alice", 0), (file.Name, file.Owner, file.Sources));
        Assert.Empty(Assert.Single((await alice.FindSourcesAsync("dev", both)).Contents).Peers);
        Assert.Equal(1, Assert.Single(await alice.ListFilesAsync("other")).Sources);
        await bob.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, await bob.GetPageAsync(TrackerRoutes.Files("dev")));
        await bob.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, await bob.DeleteAsync(TrackerRoutes.Member("dev", "Bob")));
    }

    [TrackerFact]
    public async Task The_owner_cannot_leave()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await alice.CreateGroupAsync("dev");

        await alice.ExpectProblem(
            HttpStatusCode.Conflict, ErrorCode.OwnerCannotLeave, await alice.DeleteAsync(TrackerRoutes.Member("dev", "alice")));
    }

    [TrackerFact]
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
        await alice.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.MemberNotFound, await alice.DeleteAsync(TrackerRoutes.Member("dev", "carol")));
        await alice.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.MemberNotFound, await alice.DeleteAsync(TrackerRoutes.Member("dev", "nobody")));
        await carol.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, await carol.GetPageAsync(TrackerRoutes.Files("dev")));
        await bob.Expect(HttpStatusCode.OK, await bob.GetPageAsync(TrackerRoutes.Files("dev")));
    }

    [TrackerFact]
    public async Task Members_see_who_is_in_a_group_and_others_do_not()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "Bob");
        using var carol = await TestUser.CreateAsync(tracker, "carol");
        await carol.CreateGroupAsync("Dev");
        await bob.JoinAsync(carol, "dev");
        await alice.Expect(HttpStatusCode.Created, await alice.PostAsync(TrackerRoutes.JoinRequests("dev")));

        var members = await MembersAsync(bob, "dEV");

        Assert.Equal([("Dev", "Bob", GroupRole.Member), ("Dev", "carol", GroupRole.Owner)], members.Select(member => (member.Group, member.UserName, member.Role)));
        Assert.All(members, member => Assert.InRange(member.Joined, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1)));
        await alice.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, await alice.GetPageAsync(TrackerRoutes.Members("dev")));
    }

    [TrackerFact]
    public async Task An_owner_hands_over_to_a_member_and_stays_a_member()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "Bob");
        await alice.CreateGroupAsync("Dev");
        await bob.JoinAsync(alice, "dev");

        var group = await alice.Expect<GroupResponse>(HttpStatusCode.OK, await HandOverAsync(alice, "bOB"));

        Assert.Equal(("Dev", "Bob", 2, GroupRole.Member), (group.Name, group.Owner, group.MemberCount, group.Role));
        Assert.Equal([("alice", GroupRole.Member), ("Bob", GroupRole.Owner)], (await MembersAsync(alice, "dev")).Select(member => (member.UserName, member.Role)));
        await alice.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotOwner, await HandOverAsync(alice, "alice"));
        await alice.Expect(HttpStatusCode.NoContent, await alice.DeleteAsync(TrackerRoutes.Member("dev", "alice")));
    }

    [TrackerFact]
    public async Task Only_a_member_can_become_the_owner_and_handing_to_oneself_changes_nothing()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        var before = await alice.CreateGroupAsync("dev");

        await alice.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.MemberNotFound, await HandOverAsync(alice, "bob"));
        await alice.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.MemberNotFound, await HandOverAsync(alice, "no such name"));
        await bob.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotOwner, await HandOverAsync(bob, "bob"));

        Assert.Equal(before, await alice.Expect<GroupResponse>(HttpStatusCode.OK, await HandOverAsync(alice, "ALICE")));
    }

    [TrackerFact]
    public async Task Only_the_owner_deletes_a_group_and_all_that_is_in_it_goes()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        using var carol = await TestUser.CreateAsync(tracker, "carol");
        await alice.CreateGroupAsync("dev");
        await alice.CreateGroupAsync("other");
        await bob.JoinAsync(alice, "dev");
        await carol.Expect(HttpStatusCode.Created, await carol.PostAsync(TrackerRoutes.JoinRequests("dev")));
        var root = TestUser.RandomHash();
        await bob.ShareAsync("dev", "file", root);
        await alice.ShareAsync("other", "file", root);
        var holding = await bob.HoldingAsync("dev", root, complete: true);
        await bob.AnnounceAsync(holding);

        await bob.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotOwner, await bob.DeleteAsync(TrackerRoutes.Group("dev")));
        await alice.Expect(HttpStatusCode.NoContent, await alice.DeleteAsync(TrackerRoutes.Group("DEV")));

        await bob.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.GroupNotFound, await bob.GetAsync(TrackerRoutes.Group("dev")));
        Assert.Equal([holding], (await bob.AnnounceAsync(holding)).Rejected);
        Assert.Equal("file", Assert.Single(await alice.ListFilesAsync("other")).Name);
        // A new group of that name has nothing of the old one.
        await carol.CreateGroupAsync("dev");
        Assert.Empty(await carol.ListFilesAsync("dev"));
        Assert.Empty(await carol.Expect<IReadOnlyList<JoinRequestResponse>>(HttpStatusCode.OK, await carol.GetPageAsync(TrackerRoutes.JoinRequests("dev"))));
    }

    [TrackerTheory]
    [InlineData(".")]
    [InlineData("..")]
    public async Task A_name_of_dots_never_becomes_another_path(string name)
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await alice.CreateGroupAsync("dev");

        await alice.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.MemberNotFound, await alice.DeleteAsync(TrackerRoutes.Member("dev", name)));
        await alice.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.JoinRequestNotFound, await alice.DeleteAsync(TrackerRoutes.JoinRequest("dev", name)));
        await alice.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.GroupNotFound, await alice.DeleteAsync(TrackerRoutes.Group(name)));
        await alice.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.FileNotFound, await alice.DeleteAsync(TrackerRoutes.File("dev", $"x/{name}/..")));

        await alice.Expect(HttpStatusCode.OK, await alice.GetAsync(TrackerRoutes.Group("dev")));
    }

    private static Task<HttpResponseMessage> HandOverAsync(TestUser user, string to) =>
        user.PutAsync(TrackerRoutes.GroupOwner("dev"), new SetGroupOwnerRequest(to));

    private static async Task<IReadOnlyList<MemberResponse>> MembersAsync(TestUser user, string group) =>
        await user.Expect<IReadOnlyList<MemberResponse>>(HttpStatusCode.OK, await user.GetPageAsync(TrackerRoutes.Members(group)));
}
