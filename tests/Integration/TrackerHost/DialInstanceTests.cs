using System.Net;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.Integration.TrackerHost;

/// <summary>Two instances on one PostgreSQL database: a peer's stream is at one, the request comes to the other.</summary>
public sealed class DialInstanceTests
{
    // In the constructor, from where it flows into all the rest.
    public DialInstanceTests() => TestDatabase.Kind = DatabaseKind.Postgres;

    [PostgresFact]
    public async Task A_request_at_one_instance_reaches_a_stream_at_the_other()
    {
        await using var first = await TestTracker.StartAsync();
        await using var second = await TestTracker.StartBesideAsync(first);
        var root = TestUser.RandomHash();
        using var source = await TestUser.CreateAsync(first, "source");
        using var asker = await TestUser.CreateAsync(second, "asker");
        await source.CreateGroupAsync("dev");
        await asker.JoinAsync(source, "dev");
        await source.ShareAsync("dev", "file", root);
        await source.AnnounceAsync(("dev", root, Complete: true));
        // The most that is kept of a peer: the message still fits.
        var own = Enumerable.Range(1, AnnounceRequest.MaxAddresses).Select(i => $"fd00:1111:2222:3333:4444:5555:6666:{i:x4}").ToArray();
        await asker.AnnounceAsync(new AnnounceRequest(asker.Fingerprint, 65535, own, Full: true, [], [], RevocationsAfter: 0));
        await using var stream = await DialListener.OpenAsync(source);

        await asker.Expect(
            HttpStatusCode.Accepted,
            await asker.PostAsync(TrackerRoutes.DialRequests("dev"), new DialRequest(await asker.GroupIdAsync("dev"), root, source.Fingerprint, asker.Fingerprint)));

        var dial = await stream.NextAsync();
        Assert.Equal((asker.Fingerprint, AnnounceRequest.MaxAddresses + 1), (dial.Peer.Fingerprint, dial.Peer.EndPoints.Count));
    }
}
