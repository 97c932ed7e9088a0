using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.TrackerHost;

/// <summary>How many peers and holdings one user may have.</summary>
public sealed class PeerQuotaTests
{
    [TrackerFact]
    public async Task A_user_has_so_many_peers_in_a_group_and_others_have_theirs()
    {
        var clock = new TrackerClock();
        await using var tracker = await TestTracker.StartAsync(options => options.PeersPerUserAndGroup = 2, clock);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        await alice.CreateGroupAsync("dev");
        await alice.CreateGroupAsync("ops");
        await bob.JoinAsync(alice, "dev");
        var root = TestUser.RandomHash();
        await alice.ShareAsync("dev", "file", root);
        await alice.ShareAsync("ops", "file", root);
        var dev = await alice.HoldingAsync("dev", root, complete: true);
        var ops = await alice.HoldingAsync("ops", root, complete: true);
        var peers = Enumerable.Range(0, 3).Select(_ => TestUser.NewFingerprint()).ToArray();
        await alice.AnnounceAsync(Full(peers[0], dev));
        await alice.AnnounceAsync(Full(peers[1], dev));

        var problem = await RefusedAsync(Full(peers[2], dev, ops));

        Assert.Contains("'dev'", problem.Detail, StringComparison.Ordinal);
        Assert.Contains("(2)", problem.Detail, StringComparison.Ordinal);
        // It had no effect at all: the peer is not known, and is not in the other group either.
        Assert.Equal(2, await tracker.CountAsync("peers"));
        Assert.False((await alice.AnnounceAsync(Delta(peers[2]))).Known);
        Assert.Equal(2, Assert.Single(await alice.ListFilesAsync("dev")).Sources);
        Assert.Equal(0, Assert.Single(await alice.ListFilesAsync("ops")).Sources);
        // In another group there is room, and another user has as many of its own.
        await alice.AnnounceAsync(Full(peers[2], ops));
        await RefusedAsync(Delta(peers[2], dev));
        await bob.AnnounceAsync(dev);
        // The peers that are there change what they hold.
        await alice.AnnounceAsync(Full(peers[0], dev with { Complete = false }));
        await alice.AnnounceAsync(Delta(peers[0], dev));
        await alice.AnnounceAsync(Full(peers[0], dev, ops));
        // One that holds nothing there any more makes room, and cannot come back.
        await alice.AnnounceAsync(Full(peers[0]));
        await alice.AnnounceAsync(Delta(peers[2], dev));
        await RefusedAsync(Full(peers[0], dev));
        // One that is silent makes room, and cannot come back.
        clock.Advance(TimeSpan.FromMinutes(2));
        await alice.AnnounceAsync(Full(peers[1], dev));
        clock.Advance(TimeSpan.FromSeconds(90));
        await alice.AnnounceAsync(Full(peers[0], dev));
        await RefusedAsync(Full(peers[2], dev));

        async Task<ProblemResponse> RefusedAsync(AnnounceRequest request) =>
            await alice.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await alice.PostAsync(TrackerRoutes.Peers, alice.Prove(request)));
    }

    [TrackerFact]
    public async Task Of_many_announces_at_once_those_within_the_quota_succeed_and_the_others_are_refused()
    {
        const int Quota = 5;
        await using var tracker = await TestTracker.StartAsync(options => options.PeersPerUserAndGroup = Quota);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        await alice.CreateGroupAsync("dev");
        await bob.JoinAsync(alice, "dev");
        var root = TestUser.RandomHash();
        await alice.ShareAsync("dev", "file", root);
        var dev = await alice.HoldingAsync("dev", root, complete: true);

        var sent = Enumerable.Range(0, 40).Select(_ => alice.PostAsync(TrackerRoutes.Peers, alice.Prove(Full(TestUser.NewFingerprint(), dev))))
            .Concat(Enumerable.Range(0, Quota).Select(_ => bob.PostAsync(TrackerRoutes.Peers, bob.Prove(Full(TestUser.NewFingerprint(), dev)))));
        var statuses = (await Task.WhenAll(sent)).Select(answer => answer.StatusCode).ToList();

        Assert.Equal((Quota, 40 - Quota), (statuses[..40].Count(one => one == HttpStatusCode.OK), statuses[..40].Count(one => one == HttpStatusCode.Forbidden)));
        Assert.All(statuses[40..], status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(2 * Quota, Assert.Single(await alice.ListFilesAsync("dev")).Sources);
    }

    [TrackerFact]
    public async Task The_peers_of_a_user_hold_so_much_together()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.HoldingsPerUser = 3);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        await alice.CreateGroupAsync("dev");
        await bob.JoinAsync(alice, "dev");
        var files = new List<Announcement>();
        for (var i = 0; i < 4; i++)
        {
            var root = TestUser.RandomHash();
            await alice.ShareAsync("dev", $"file{i}", root);
            files.Add(await alice.HoldingAsync("dev", root, complete: true));
        }

        var (first, second) = (TestUser.NewFingerprint(), TestUser.NewFingerprint());
        await alice.AnnounceAsync(Full(first, files[0], files[1]));
        await alice.AnnounceAsync(Full(second, files[0]));

        var problem = await alice.ExpectProblem(
            HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await alice.PostAsync(TrackerRoutes.Peers, alice.Prove(Full(second, files[0], files[1]))));
        Assert.Contains("(3)", problem.Detail, StringComparison.Ordinal);
        await alice.ExpectProblem(
            HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await alice.PostAsync(TrackerRoutes.Peers, Delta(first, files[2])));
        // Others in its place, and what is there already, need no room.
        await alice.AnnounceAsync(Full(first, files[2], files[3]));
        await alice.AnnounceAsync(Delta(first, files[3] with { Complete = false }));
        await bob.AnnounceAsync([.. files.Take(3)]);
        await alice.AnnounceAsync(Full(second));
        await alice.AnnounceAsync(Delta(first, files[0]));
    }

    [TrackerFact]
    public async Task A_user_has_so_many_peers_altogether_whatever_they_hold()
    {
        var clock = new TrackerClock();
        await using var tracker = await TestTracker.StartAsync(options => options.PeersPerUser = 3, clock);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        var peers = Enumerable.Range(0, 40).Select(_ => TestUser.NewFingerprint()).ToArray();

        var statuses = (await Task.WhenAll(peers.Select(peer => alice.PostAsync(TrackerRoutes.Peers, alice.Prove(Full(peer)))))).Select(answer => answer.StatusCode).ToList();

        Assert.Equal((3, 37), (statuses.Count(one => one == HttpStatusCode.OK), statuses.Count(one => one == HttpStatusCode.Forbidden)));
        Assert.Equal(3, await tracker.CountAsync("peers"));
        await bob.AnnounceAsync(Full(peers[0]));
        // Those that are there stay.
        var own = peers.Zip(statuses).First(one => one.Second == HttpStatusCode.OK).First;
        await alice.AnnounceAsync(Full(own));
        clock.Advance(TimeSpan.FromMinutes(4));
        await alice.AnnounceAsync(Full(peers[^1]));
    }

    [TrackerFact]
    public async Task A_peer_that_is_refused_receives_revocations_with_its_heartbeat_and_stays_online_with_what_it_had()
    {
        var clock = new TrackerClock();
        await using var tracker = await TestTracker.StartAsync(options => options.HoldingsPerUser = 1, clock);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        await alice.CreateGroupAsync("dev");
        await bob.JoinAsync(alice, "dev");
        var (first, second) = (TestUser.RandomHash(), TestUser.RandomHash());
        await alice.ShareAsync("dev", "first", first);
        await alice.ShareAsync("dev", "second", second);
        await alice.AnnounceAsync(Full(alice.Fingerprint, await alice.HoldingAsync("dev", first, complete: true)));
        var added = Delta(alice.Fingerprint, await alice.HoldingAsync("dev", second, complete: true));
        await alice.Expect(HttpStatusCode.NoContent, await alice.DeleteAsync(TrackerRoutes.Member("dev", "bob")));
        clock.Advance(TimeSpan.FromSeconds(130));

        await alice.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await alice.PostAsync(TrackerRoutes.Peers, added));
        var heartbeat = await alice.AnnounceAsync(Delta(alice.Fingerprint));

        Assert.True(heartbeat.Known);
        Assert.Equal(bob.Session.UserId, Assert.Single(heartbeat.Revocations).UserId);
        clock.Advance(TimeSpan.FromSeconds(100));
        Assert.Equal(1, (await alice.ListFilesAsync("dev")).Single(file => file.Name == "first").Sources);
        // Also one that is not there at all.
        Assert.Single((await alice.AnnounceAsync(Delta(TestUser.NewFingerprint()))).Revocations);
    }

    private static AnnounceRequest Full(Hash256 peer, params Announcement[] holdings) => new(peer, 5000, [], Full: true, holdings, [], RevocationsAfter: 0);

    private static AnnounceRequest Delta(Hash256 peer, params Announcement[] holdings) => new(peer, 5000, [], Full: false, holdings, [], RevocationsAfter: 0);
}
