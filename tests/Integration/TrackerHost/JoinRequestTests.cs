using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.TrackerHost;

public sealed class JoinRequestTests : IAsyncLifetime
{
    private TestTracker _tracker = null!;
    private TestUser _alice = null!;
    private TestUser _bob = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _alice = await TestUser.CreateAsync(_tracker, "alice");
        _bob = await TestUser.CreateAsync(_tracker, "Bob");
        await _alice.CreateGroupAsync("Dev");
    }

    public async Task DisposeAsync()
    {
        _alice.Dispose();
        _bob.Dispose();
        await _tracker.DisposeAsync();
    }

    [TrackerFact]
    public async Task Asking_twice_is_asking_once()
    {
        var first = await _bob.Expect<JoinRequestResponse>(HttpStatusCode.Created, await _bob.PostAsync(TrackerRoutes.JoinRequests("dev")));
        var second = await _bob.Expect<JoinRequestResponse>(HttpStatusCode.OK, await _bob.PostAsync(TrackerRoutes.JoinRequests("DEV")));

        Assert.Equal(("Dev", "Bob"), (first.Group, first.UserName));
        Assert.Equal(first, second);
        Assert.Equal([first], await ListAsync());
        Assert.Equal(GroupRole.Requested, await RoleOfBobAsync());
    }

    [TrackerFact]
    public async Task An_approved_asker_is_a_member_and_asks_no_more()
    {
        await _bob.JoinAsync(_alice, "dev");

        Assert.Empty(await ListAsync());
        Assert.Equal(GroupRole.Member, await RoleOfBobAsync());
        await _bob.ExpectProblem(HttpStatusCode.Conflict, ErrorCode.AlreadyMember, await _bob.PostAsync(TrackerRoutes.JoinRequests("dev")));
        await _alice.ExpectProblem(HttpStatusCode.Conflict, ErrorCode.AlreadyMember, await _alice.PostAsync(TrackerRoutes.JoinRequests("dev")));
        await _alice.ExpectProblem(
            HttpStatusCode.NotFound, ErrorCode.JoinRequestNotFound, await _alice.PostAsync(TrackerRoutes.Approval("dev", "bob")));
    }

    [TrackerFact]
    public async Task A_denied_user_is_not_a_member_and_can_ask_again()
    {
        await _bob.PostAsync(TrackerRoutes.JoinRequests("dev"));

        await _alice.Expect(HttpStatusCode.NoContent, await _alice.DeleteAsync(TrackerRoutes.JoinRequest("dev", "BOB")));

        Assert.Equal(GroupRole.None, await RoleOfBobAsync());
        await _alice.ExpectProblem(
            HttpStatusCode.NotFound, ErrorCode.JoinRequestNotFound, await _alice.DeleteAsync(TrackerRoutes.JoinRequest("dev", "bob")));
        await _bob.Expect(HttpStatusCode.Created, await _bob.PostAsync(TrackerRoutes.JoinRequests("dev")));
    }

    [TrackerFact]
    public async Task An_asker_can_withdraw_the_own_request()
    {
        await _bob.PostAsync(TrackerRoutes.JoinRequests("dev"));

        await _bob.Expect(HttpStatusCode.NoContent, await _bob.DeleteAsync(TrackerRoutes.JoinRequest("dev", "bob")));

        Assert.Empty(await ListAsync());
    }

    [TrackerFact]
    public async Task Only_the_owner_sees_and_answers_requests()
    {
        using var carol = await TestUser.CreateAsync(_tracker, "carol");
        await _bob.JoinAsync(_alice, "dev");
        await carol.PostAsync(TrackerRoutes.JoinRequests("dev"));

        foreach (var other in new[] { _bob, carol })
        {
            await other.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotOwner, await other.GetPageAsync(TrackerRoutes.JoinRequests("dev")));
            await other.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotOwner, await other.PostAsync(TrackerRoutes.Approval("dev", "carol")));
        }

        await _bob.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotOwner, await _bob.DeleteAsync(TrackerRoutes.JoinRequest("dev", "carol")));
        Assert.Equal(["carol"], (await ListAsync()).Select(request => request.UserName));
    }

    private async Task<IReadOnlyList<JoinRequestResponse>> ListAsync() =>
        await _alice.Expect<IReadOnlyList<JoinRequestResponse>>(HttpStatusCode.OK, await _alice.GetPageAsync(TrackerRoutes.JoinRequests("dev")));

    private async Task<GroupRole> RoleOfBobAsync() =>
        (await _bob.Expect<GroupResponse>(HttpStatusCode.OK, await _bob.GetAsync(TrackerRoutes.Group("dev")))).Role;
}
