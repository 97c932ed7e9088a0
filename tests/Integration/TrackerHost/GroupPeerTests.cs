using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.TrackerHost;

/// <summary>Who is online in a group.</summary>
public sealed class GroupPeerTests
{
    [TrackerFact]
    public async Task Members_see_the_peers_that_offer_something_in_the_group()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "Alice");
        using var bob = await TestUser.CreateAsync(tracker, "Bob");
        await alice.CreateGroupAsync("Dev");
        await alice.CreateGroupAsync("Other");
        await bob.JoinAsync(alice, "dev");
        var (first, second) = (TestUser.RandomHash(), TestUser.RandomHash());
        await alice.ShareAsync("dev", "1", first);
        await alice.ShareAsync("dev", "2", second);
        await alice.ShareAsync("other", "1", first);
        await alice.AnnounceAsync(("dev", first, true), ("dev", second, true), ("other", first, true));
        await bob.AnnounceAsync(new AnnounceRequest(bob.Fingerprint, 0, [], Full: true, [await bob.HoldingAsync("dev", first, complete: false)], [], RevocationsAfter: 0));

        var peers = await bob.Expect<IReadOnlyList<PeerResponse>>(HttpStatusCode.OK, await bob.GetPageAsync(TrackerRoutes.GroupPeers("dev")));

        Assert.Equal(["Alice", "Bob"], peers.Select(peer => peer.UserName));
        Assert.Equal(("Dev", alice.Fingerprint, 2, 0), (peers[0].Group, peers[0].Fingerprint, peers[0].CompleteContents, peers[0].PartialContents));
        Assert.Contains("127.0.0.1:5000", peers[0].EndPoints);
        Assert.Equal((bob.Fingerprint, 0, 1), (peers[1].Fingerprint, peers[1].CompleteContents, peers[1].PartialContents));
        Assert.Empty(peers[1].EndPoints);
    }

    [TrackerFact]
    public async Task Nobody_else_does()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "Alice");
        using var bob = await TestUser.CreateAsync(tracker, "Bob");
        await alice.CreateGroupAsync("Dev");

        await bob.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, await bob.GetPageAsync(TrackerRoutes.GroupPeers("dev")));
        await bob.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.GroupNotFound, await bob.GetPageAsync(TrackerRoutes.GroupPeers("nowhere")));
    }
}
