using System.Net;
using Dapper;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Peers;

namespace P2PShare.Integration.TrackerHost;

public sealed class SessionTests
{
    [TrackerFact]
    public async Task A_session_of_the_shortest_lifetime_continues_while_it_is_used()
    {
        var clock = new TrackerClock();
        await using var tracker = await TestTracker.StartAsync(options => options.SessionLifetime = TimeSpan.FromHours(1), clock);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        for (var i = 0; i < 6; i++)
        {
            clock.Advance(TimeSpan.FromMinutes(20));
            await alice.Expect(HttpStatusCode.OK, await alice.GetPageAsync(TrackerRoutes.Groups));
        }

        clock.Advance(TimeSpan.FromMinutes(61));
        await alice.ExpectProblem(HttpStatusCode.Unauthorized, ErrorCode.NotLoggedIn, await alice.GetPageAsync(TrackerRoutes.Groups));
    }

    [TrackerFact]
    public async Task A_session_names_its_user_and_never_its_token_again()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "Alice");

        var current = await alice.Expect<SessionResponse>(HttpStatusCode.OK, await alice.GetAsync(TrackerRoutes.CurrentSession));

        Assert.Equal(alice.Session with { Token = null }, current);
        Assert.True(alice.Session.Token!.Length >= 43, "256 bits in base64url");
    }

    [TrackerTheory]
    [InlineData(null)]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("x")]
    public async Task Without_a_session_nothing_is_revealed(string? token)
    {
        await using var tracker = await TestTracker.StartAsync();
        using var stranger = TestUser.Stranger(tracker);
        stranger.UseToken(token);

        var answer = await stranger.GetPageAsync(TrackerRoutes.Groups);

        await stranger.ExpectProblem(HttpStatusCode.Unauthorized, ErrorCode.NotLoggedIn, answer);
        Assert.Equal("Bearer", Assert.Single(answer.Headers.WwwAuthenticate).Scheme);
    }

    [TrackerFact]
    public async Task A_logout_ends_this_session_and_no_other()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var elsewhere = await TestUser.LogInAsync(tracker, "alice");

        await alice.Expect(HttpStatusCode.NoContent, await alice.DeleteAsync(TrackerRoutes.CurrentSession));

        await alice.ExpectProblem(HttpStatusCode.Unauthorized, ErrorCode.NotLoggedIn, await alice.GetAsync(TrackerRoutes.CurrentSession));
        await elsewhere.Expect(HttpStatusCode.OK, await elsewhere.GetAsync(TrackerRoutes.CurrentSession));
    }

    [TrackerFact]
    public async Task One_session_more_than_allowed_ends_the_one_that_was_not_used_for_longest_with_its_peers_and_tickets()
    {
        var clock = new TrackerClock();
        await using var tracker = await TestTracker.StartAsync(options => options.SessionsPerUser = 3, clock);
        using var first = await TestUser.CreateAsync(tracker, "alice");
        await first.CreateGroupAsync("dev");
        var root = TestUser.RandomHash();
        await first.ShareAsync("dev", "file", root);
        clock.Advance(TimeSpan.FromMinutes(10));
        using var second = await TestUser.LogInAsync(tracker, "alice");
        await second.AnnounceAsync(("dev", root, Complete: true));
        clock.Advance(TimeSpan.FromMinutes(10));
        using var third = await TestUser.LogInAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        // Use counts, not age: the first is used again.
        clock.Advance(TimeSpan.FromMinutes(50));
        await first.Expect(HttpStatusCode.OK, await first.GetAsync(TrackerRoutes.CurrentSession));

        using var fourth = await TestUser.LogInAsync(tracker, "alice");

        await second.ExpectProblem(HttpStatusCode.Unauthorized, ErrorCode.NotLoggedIn, await second.GetAsync(TrackerRoutes.CurrentSession));
        foreach (var user in new[] { first, third, fourth, bob })
        {
            await user.Expect(HttpStatusCode.OK, await user.GetAsync(TrackerRoutes.CurrentSession));
        }

        Assert.Equal(0, Assert.Single(await first.ListFilesAsync("dev")).Sources);
        var ended = Assert.Single((await first.AnnounceAsync()).Revocations);
        Assert.Equal((second.Session.UserId, second.Session.SessionId), (ended.UserId!.Value, ended.SessionId!.Value));
    }

    [TrackerFact]
    public async Task A_logout_takes_the_peers_of_its_session_along()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var elsewhere = await TestUser.LogInAsync(tracker, "alice");
        await alice.CreateGroupAsync("dev");
        var root = TestUser.RandomHash();
        await alice.ShareAsync("dev", "file", root);
        await alice.AnnounceAsync(("dev", root, Complete: true));
        await elsewhere.AnnounceAsync(("dev", root, Complete: true));
        Assert.Equal(2, Assert.Single(await elsewhere.ListFilesAsync("dev")).Sources);

        await alice.DeleteAsync(TrackerRoutes.CurrentSession);

        Assert.Equal(1, Assert.Single(await elsewhere.ListFilesAsync("dev")).Sources);
        // There may be thousands of them: they are removed later, with the session that keeps them until then.
        Assert.Equal((2, 2), (await tracker.CountAsync("peers"), await tracker.CountAsync("sessions")));
        var ended = await tracker.Database.ReadAsync(connection => PeerStore.FindExpiredAsync(connection, onlineSince: 1), CancellationToken.None);
        Assert.False(await tracker.Database.WriteAsync(connection => PeerStore.PurgeExpiredAsync(connection, ended, onlineSince: 1), CancellationToken.None));
        await tracker.Database.WriteAsync(connection => SessionStore.PurgeExpiredAsync(connection, DateTimeOffset.FromUnixTimeSeconds(1)), CancellationToken.None);
        Assert.Equal((1, 1), (await tracker.CountAsync("peers"), await tracker.CountAsync("sessions")));
    }

    [TrackerFact]
    public async Task A_heartbeat_that_is_written_after_a_logout_brings_no_peer_back()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var elsewhere = await TestUser.LogInAsync(tracker, "alice");
        await alice.CreateGroupAsync("dev");
        var root = TestUser.RandomHash();
        await alice.ShareAsync("dev", "file", root);
        await alice.AnnounceAsync(("dev", root, Complete: true));
        await alice.DeleteAsync(TrackerRoutes.CurrentSession);

        await tracker.Database.WritePresenceAsync(
            async connection =>
            {
                await PeerStore.SetLastSeenAsync(connection, await connection.QueryAsync<long>("SELECT id FROM peers"), DateTimeOffset.UtcNow);
                return true;
            },
            CancellationToken.None);

        Assert.Equal(0, Assert.Single(await elsewhere.ListFilesAsync("dev")).Sources);
        // Nor is a session removed, with all of its peers at once, before they are.
        await tracker.Database.WriteAsync(connection => SessionStore.PurgeExpiredAsync(connection, DateTimeOffset.FromUnixTimeSeconds(1)), CancellationToken.None);
        Assert.Equal(1, await tracker.CountAsync("peers"));
    }

    [TrackerFact]
    public async Task A_peer_that_is_announced_again_after_a_logout_is_online_again()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await alice.CreateGroupAsync("dev");
        var root = TestUser.RandomHash();
        await alice.ShareAsync("dev", "file", root);
        await alice.AnnounceAsync(("dev", root, Complete: true));
        await alice.DeleteAsync(TrackerRoutes.CurrentSession);
        await alice.LogInAsync();

        await alice.AnnounceAsync(("dev", root, Complete: true));

        Assert.Equal(1, Assert.Single(await alice.ListFilesAsync("dev")).Sources);
        Assert.Equal(1, await tracker.CountAsync("peers"));
    }

    [TrackerFact]
    public async Task A_session_ends_when_it_is_not_used_for_its_lifetime()
    {
        var clock = new TrackerClock();
        await using var tracker = await TestTracker.StartAsync(options => options.SessionLifetime = TimeSpan.FromDays(2), clock);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        Assert.Equal(clock.GetUtcNow().AddDays(2).ToUnixTimeSeconds(), alice.Session.Expires.ToUnixTimeSeconds());

        clock.Advance(TimeSpan.FromDays(1));
        var used = await alice.Expect<SessionResponse>(HttpStatusCode.OK, await alice.GetAsync(TrackerRoutes.CurrentSession));
        Assert.Equal(clock.GetUtcNow().AddDays(2).ToUnixTimeSeconds(), used.Expires.ToUnixTimeSeconds());

        clock.Advance(TimeSpan.FromDays(1.9));
        await alice.Expect(HttpStatusCode.OK, await alice.GetAsync(TrackerRoutes.CurrentSession));

        clock.Advance(TimeSpan.FromDays(2));
        await alice.ExpectProblem(HttpStatusCode.Unauthorized, ErrorCode.NotLoggedIn, await alice.GetAsync(TrackerRoutes.CurrentSession));
    }

    [TrackerFact]
    public async Task Use_within_the_hour_moves_nothing()
    {
        var clock = new TrackerClock();
        await using var tracker = await TestTracker.StartAsync(clock: clock);
        using var alice = await TestUser.CreateAsync(tracker, "alice");

        clock.Advance(TimeSpan.FromMinutes(59));
        var used = await alice.Expect<SessionResponse>(HttpStatusCode.OK, await alice.GetAsync(TrackerRoutes.CurrentSession));

        Assert.Equal(alice.Session.Expires, used.Expires);
    }
}
