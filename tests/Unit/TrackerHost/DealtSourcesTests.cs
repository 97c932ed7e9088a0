using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Peers;

namespace P2PShare.Unit.TrackerHost;

public sealed class DealtSourcesTests
{
    [Fact]
    public void Any_peers_are_dealt_once_by_user_and_complete_ones_first()
    {
        var random = new Random(1);
        for (var round = 0; round < 500; round++)
        {
            var peers = Enumerable.Range(0, random.Next(8)).SelectMany(_ => PeersOf(Guid.NewGuid(), random.Next(1, 20), random)).ToList();
            var asker = peers.Count > 0 && random.Next(2) == 0 ? peers[random.Next(peers.Count)].Fingerprint : NewFingerprint(random);
            var max = random.Next(1, 60);

            var dealt = new DealtSources(peers).Deal(max, asker);

            var others = peers.Where(peer => peer.Fingerprint != asker).ToList();
            Assert.Equal(Math.Min(max, others.Count), dealt.Length);
            Assert.Equal(dealt.Length, dealt.Distinct().Count());
            Assert.Subset(others.ToHashSet(), dealt.ToHashSet());
            // A user has one more than another only if the other has no more, or it was the turn of the peer that asks.
            var counts = peers.Select(peer => peer.UserId).Distinct().ToDictionary(user => user, user => dealt.Count(peer => peer.UserId == user));
            var most = counts.Values.DefaultIfEmpty().Max();
            Assert.All(counts, user => Assert.True(user.Value >= most - 2 || user.Value == others.Count(peer => peer.UserId == user.Key)));
            Assert.All(counts.Keys, user =>
            {
                var own = dealt.Where(peer => peer.UserId == user).Select(peer => peer.Complete).ToList();
                Assert.Equal(own.OrderDescending(), own);
            });
        }
    }

    [Fact]
    public void Each_asker_receives_others()
    {
        var random = new Random(1);
        var peers = PeersOf(Guid.NewGuid(), 200, random).Select(peer => peer with { Complete = true }).ToList();
        var dealt = new DealtSources(peers);

        Assert.Equal(peers.Count, Enumerable.Range(0, 100).SelectMany(_ => dealt.Deal(50, NewFingerprint(random))).Distinct().Count());
    }

    private static IEnumerable<SourcePeer> PeersOf(Guid user, int count, Random random) => Enumerable.Range(0, count).Select(_ => new SourcePeer(
        NewFingerprint(random), user, Guid.Empty, "user", Complete: random.Next(2) == 0, []));

    private static Hash256 NewFingerprint(Random random)
    {
        var bytes = new byte[Hash256.Size];
        random.NextBytes(bytes);
        return new Hash256(bytes);
    }
}
