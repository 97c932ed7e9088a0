using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.TrackerHost;

public sealed class QuotaTests
{
    [TrackerFact]
    public async Task A_user_owns_so_many_groups_and_has_room_again_when_one_is_gone()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.GroupsPerUser = 2);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        await alice.CreateGroupAsync("one");
        await alice.CreateGroupAsync("two");

        var problem = await alice.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await CreateAsync("three"));
        Assert.Contains("(2)", problem.Detail, StringComparison.Ordinal);
        await alice.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.GroupNotFound, await alice.GetAsync(TrackerRoutes.Group("three")));
        await bob.CreateGroupAsync("four");

        await alice.Expect(HttpStatusCode.NoContent, await alice.DeleteAsync(TrackerRoutes.Group("one")));
        await alice.Expect(HttpStatusCode.Created, await CreateAsync("three"));
        await alice.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await CreateAsync("five"));

        Task<HttpResponseMessage> CreateAsync(string name) => alice.PostAsync(TrackerRoutes.Groups, new CreateGroupRequest(name));
    }

    [TrackerFact]
    public async Task A_group_is_not_handed_over_to_a_user_at_the_quota()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.GroupsPerUser = 1);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        await alice.CreateGroupAsync("alices");
        await bob.CreateGroupAsync("bobs");
        await bob.JoinAsync(alice, "alices");

        var refused = await alice.PutAsync(TrackerRoutes.GroupOwner("alices"), new SetGroupOwnerRequest("bob"));

        await alice.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, refused);
        Assert.Equal("alice", (await alice.Expect<GroupResponse>(HttpStatusCode.OK, await alice.GetAsync(TrackerRoutes.Group("alices")))).Owner);
        // To oneself it changes nothing, and needs no room.
        await alice.Expect(HttpStatusCode.OK, await alice.PutAsync(TrackerRoutes.GroupOwner("alices"), new SetGroupOwnerRequest("alice")));
    }

    [TrackerFact]
    public async Task A_user_shares_so_many_files_in_all_groups_and_has_room_again_when_one_is_gone()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.FilesPerUser = 2);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await alice.CreateGroupAsync("one");
        await alice.CreateGroupAsync("two");
        var root = TestUser.RandomHash();
        await alice.Expect(HttpStatusCode.Created, await alice.ShareAsync("one", "a", root));
        await alice.Expect(HttpStatusCode.Created, await alice.ShareAsync("two", "b", root));

        await alice.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await alice.ShareAsync("one", "c", root));
        Assert.Equal(["a"], (await alice.ListFilesAsync("one")).Select(file => file.Name));
        // What is there already, and another content for it, needs no room.
        for (var i = 0; i < 5; i++)
        {
            await alice.Expect(HttpStatusCode.OK, await alice.ShareAsync("one", "a", root));
            await alice.Expect(HttpStatusCode.OK, await alice.ShareAsync("two", "b", TestUser.RandomHash(), replace: true));
        }

        await alice.Expect(HttpStatusCode.NoContent, await alice.DeleteAsync(TrackerRoutes.File("one", "a")));
        await alice.Expect(HttpStatusCode.Created, await alice.ShareAsync("one", "c", root));
        await alice.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await alice.ShareAsync("one", "d", root));
    }

    [TrackerFact]
    public async Task The_quota_of_files_counts_those_of_all_sharers()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.FilesPerGroup = 1);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        await alice.CreateGroupAsync("dev");
        await bob.JoinAsync(alice, "dev");
        var root = TestUser.RandomHash();
        await alice.Expect(HttpStatusCode.Created, await alice.ShareAsync("dev", "a", root));

        await bob.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await bob.ShareAsync("dev", "b", root));
        await bob.Expect(HttpStatusCode.OK, await bob.ShareAsync("dev", "a", root));
    }

    [TrackerFact]
    public async Task A_group_has_so_many_members_and_the_request_of_one_more_stays()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.MembersPerGroup = 2);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        using var carol = await TestUser.CreateAsync(tracker, "carol");
        await alice.CreateGroupAsync("dev");
        await bob.JoinAsync(alice, "dev");
        await carol.PostAsync(TrackerRoutes.JoinRequests("dev"));

        await alice.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await alice.PostAsync(TrackerRoutes.Approval("dev", "carol")));

        await alice.Expect(HttpStatusCode.NoContent, await alice.DeleteAsync(TrackerRoutes.Member("dev", "bob")));
        await alice.Expect(HttpStatusCode.NoContent, await alice.PostAsync(TrackerRoutes.Approval("dev", "carol")));
    }

    [TrackerFact]
    public async Task A_user_waits_for_so_many_answers()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.JoinRequestsPerUser = 1);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        await alice.CreateGroupAsync("one");
        await alice.CreateGroupAsync("two");
        await bob.Expect(HttpStatusCode.Created, await bob.PostAsync(TrackerRoutes.JoinRequests("one")));

        await bob.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await bob.PostAsync(TrackerRoutes.JoinRequests("two")));
        await bob.Expect(HttpStatusCode.OK, await bob.PostAsync(TrackerRoutes.JoinRequests("one")));
        await bob.Expect(HttpStatusCode.NoContent, await bob.DeleteAsync(TrackerRoutes.JoinRequest("one", "bob")));
        await bob.Expect(HttpStatusCode.Created, await bob.PostAsync(TrackerRoutes.JoinRequests("two")));
    }

    [TrackerFact]
    public async Task A_user_has_so_many_streams_of_events()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.EventStreamsPerUser = 1);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        using (var first = await OpenAsync(alice))
        {
            await alice.Expect(HttpStatusCode.OK, first);
            await alice.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await OpenAsync(alice));
            using var other = await OpenAsync(bob);
            await bob.Expect(HttpStatusCode.OK, other);
        }

        await Eventually.HoldsAsync(OpensAsync, "a stream that ended leaves its place");

        async Task<bool> OpensAsync()
        {
            using var again = await OpenAsync(alice);
            return again.StatusCode == HttpStatusCode.OK;
        }

        static Task<HttpResponseMessage> OpenAsync(TestUser user) =>
            user.SendAsync(new HttpRequestMessage(HttpMethod.Get, TrackerRoutes.Events), HttpCompletionOption.ResponseHeadersRead);
    }
}
