using System.Net;
using Dapper;
using P2PShare.Protocol;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.Integration.TrackerHost;

public sealed class RestartTests
{
    [TrackerFact]
    public async Task A_tracker_that_starts_again_is_the_same_one()
    {
        using var folder = new TemporaryFolder();
        var root = TestUser.RandomHash();
        await using var first = await TestTracker.StartAsync(options => options.DataPath = folder.Path);
        using var alice = await TestUser.CreateAsync(first, "Alice");
        using var bob = await TestUser.CreateAsync(first, "bob");
        await alice.CreateGroupAsync("Dev");
        await bob.Expect(HttpStatusCode.Created, await bob.PostAsync(TrackerRoutes.JoinRequests("dev")));
        await alice.ShareAsync("dev", "file", root);
        await alice.AnnounceAsync(("dev", root, Complete: true));
        var ticket = (await alice.FindSourcesAsync("dev", root)).Ticket;
        await first.DisposeAsync();

        await using var second = await TestTracker.StartAsync(options => options.DataPath = folder.Path);
        using var again = TestUser.Stranger(second);
        again.UseToken(alice.Session.Token);

        Assert.Equal(first.Address.Fingerprint, second.Address.Fingerprint);
        var session = await again.Expect<SessionResponse>(HttpStatusCode.OK, await again.GetAsync(TrackerRoutes.CurrentSession));
        Assert.Equal(("Alice", alice.Session.TrackerId), (session.UserName, session.TrackerId));
        var requests = await again.Expect<IReadOnlyList<JoinRequestResponse>>(HttpStatusCode.OK, await again.GetPageAsync(TrackerRoutes.JoinRequests("dev")));
        Assert.Equal("bob", Assert.Single(requests).UserName);
        var file = Assert.Single(await again.ListFilesAsync("dev"));
        Assert.Equal(("file", root, 1), (file.Name, file.PiecesRoot!.Value, file.Sources));
        using var keys = await again.GetAsync(TrackerRoutes.TicketKeys);
        var validator = new TicketValidator(session.TrackerId, await keys.Content.ReadAsStringAsync(), TimeProvider.System);
        Assert.NotNull((await validator.ValidateAsync(ticket, Hash256.Compute(alice.Fingerprint.ToArray()))).Ticket);
        using var fresh = await TestUser.LogInAsync(second, "bob");
    }

    [TrackerFact]
    public async Task A_tracker_that_ends_writes_when_peers_were_seen_last()
    {
        using var folder = new TemporaryFolder();
        var clock = new TrackerClock();
        void Configure(TestTrackerOptions options)
        {
            options.DataPath = folder.Path;
            options.AnnounceInterval = TimeSpan.FromSeconds(30);
        }

        await using var first = await TestTracker.StartAsync(Configure, clock);
        using var alice = await TestUser.CreateAsync(first, "alice");
        var announce = new AnnounceRequest(alice.Fingerprint, 5000, [], Full: true, [], [], RevocationsAfter: 0);
        await alice.AnnounceAsync(announce);
        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.True((await alice.AnnounceAsync(announce with { Full = false })).Known);
        await first.DisposeAsync();

        await using var second = await TestTracker.StartAsync(Configure, clock);
        var seen = await second.Database.ReadAsync(
            connection => connection.ExecuteScalarAsync<long>("SELECT last_seen FROM peers"), CancellationToken.None);
        Assert.Equal(clock.GetUtcNow().ToUnixTimeSeconds(), seen);
    }
}
