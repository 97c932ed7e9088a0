using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.TrackerHost;

public sealed class UnlistedGroupTests : IAsyncLifetime
{
    private TestTracker _tracker = null!;
    private TestUser _alice = null!;
    private TestUser _bob = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _alice = await TestUser.CreateAsync(_tracker, "alice");
        _bob = await TestUser.CreateAsync(_tracker, "bob");
        await _alice.CreateGroupAsync("open");
        var made = await _alice.Expect<GroupResponse>(
            HttpStatusCode.Created, await _alice.PostAsync(TrackerRoutes.Groups, new CreateGroupRequest("Secret", Listed: false)));
        Assert.False(made.Listed);
    }

    public async Task DisposeAsync()
    {
        _alice.Dispose();
        _bob.Dispose();
        await _tracker.DisposeAsync();
    }

    [TrackerFact]
    public async Task Only_its_exact_name_finds_it_until_one_asks_to_join()
    {
        Assert.Equal(["open"], await ListAsync(_bob, ListQuery.All));
        Assert.Empty(await ListAsync(_bob, new ListQuery("secret")));
        Assert.Empty(await ListAsync(_bob, new ListQuery(Mine: true)));
        var found = await _bob.Expect<GroupResponse>(HttpStatusCode.OK, await _bob.GetAsync(TrackerRoutes.Group("sECRET")));
        Assert.Equal(("Secret", false, GroupRole.None), (found.Name, found.Listed, found.Role));

        await _bob.Expect(HttpStatusCode.Created, await _bob.PostAsync(TrackerRoutes.JoinRequests("secret")));

        Assert.Equal(["open", "Secret"], await ListAsync(_bob, ListQuery.All));
        Assert.Equal(["Secret"], await ListAsync(_bob, new ListQuery(Mine: true)));
        await _alice.Expect(HttpStatusCode.NoContent, await _alice.PostAsync(TrackerRoutes.Approval("secret", "bob")));
        Assert.Equal(["Secret"], await ListAsync(_bob, new ListQuery(Mine: true)));
        await _bob.Expect(HttpStatusCode.NoContent, await _bob.DeleteAsync(TrackerRoutes.Member("secret", "bob")));
        Assert.Equal(["open"], await ListAsync(_bob, ListQuery.All));
    }

    [TrackerFact]
    public async Task Its_owner_sees_it_among_the_listed_ones_in_their_order_and_its_name_is_taken()
    {
        foreach (var name in new[] { "a", "r", "t", "z" })
        {
            await _bob.CreateGroupAsync(name);
        }

        foreach (var size in new[] { 1, 2, 3, 1000 })
        {
            Assert.Equal(["a", "open", "r", "Secret", "t", "z"], await ListAsync(_alice, new ListQuery(PageSize: size)));
            Assert.Equal(["open", "Secret"], await ListAsync(_alice, new ListQuery(Mine: true, PageSize: size)));
            Assert.Equal(["a", "open", "r", "t", "z"], await ListAsync(_bob, new ListQuery(PageSize: size)));
        }

        await _bob.ExpectProblem(HttpStatusCode.Conflict, ErrorCode.GroupNameTaken, await _bob.PostAsync(TrackerRoutes.Groups, new CreateGroupRequest("secret")));
    }

    [TrackerFact]
    public async Task A_request_that_says_nothing_makes_a_listed_group()
    {
        await _bob.Expect(HttpStatusCode.Created, await _bob.PostTextAsync(TrackerRoutes.Groups, """{"name":"plain"}"""));

        Assert.Equal(["open", "plain"], await ListAsync(_bob, ListQuery.All));
        Assert.Equal(["open", "plain", "Secret"], await ListAsync(_alice, ListQuery.All));
    }

    private static async Task<IReadOnlyList<string>> ListAsync(TestUser user, ListQuery query)
    {
        var groups = await user.ListAsync<GroupResponse>(query.On(TrackerRoutes.Groups));
        Assert.All(groups, group => Assert.Equal(group.Name != "Secret", group.Listed));
        return [.. groups.Select(group => group.Name)];
    }
}
