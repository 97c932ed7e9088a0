using System.Security.Cryptography;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer;

namespace P2PShare.Integration.Transfer;

public sealed class SwarmTests
{
    private const int Size = 8 * 1024 * 1024;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_slow_seed_sends_little_more_than_one_copy_to_many_receivers_that_start_together()
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var seed = await TestPeer.StartAsync(tracker, "seed", null, new PeerServerOptions { UploadLimit = 4 * 1024 * 1024 });
        var receivers = new List<TestPeer>();
        try
        {
            for (var i = 0; i < 4; i++)
            {
                receivers.Add(await TestPeer.StartAsync(tracker, $"receiver{i}", seed));
            }

            var content = RandomNumberGenerator.GetBytes(Size);
            var file = await seed.ShareAsync("data.bin", content);

            await Task.WhenAll(receivers.Select(receiver => receiver.Receive(file).Completion)).WaitAsync(Limit);

            Assert.All(receivers, receiver => Assert.Equal(content, File.ReadAllBytes(receiver.DestinationOf("data.bin"))));
            Assert.InRange(seed.Server.GetStatus().BytesUploaded, Size, 1.6 * Size);
        }
        finally
        {
            foreach (var receiver in receivers)
            {
                await receiver.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task Pieces_that_a_seed_sent_to_a_receiver_that_left_go_to_the_next_one()
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var seed = await TestPeer.StartAsync(tracker, "seed", null, new PeerServerOptions { UploadLimit = 2 * 1024 * 1024 });
        await using var bob = await TestPeer.StartAsync(tracker, "bob", seed);
        await using var carol = await TestPeer.StartAsync(tracker, "carol", seed);
        var content = RandomNumberGenerator.GetBytes(Size / 2);
        var file = await seed.ShareAsync("data.bin", content);
        var left = bob.Receive(file);
        var stays = carol.Receive(file);
        await Eventually.HoldsAsync(() => left.Progress.BytesVerified > 0 && stays.Progress.BytesVerified > 0, "both have got something");

        await bob.StopServerAsync();

        await stays.Completion.WaitAsync(Limit);
        Assert.Equal(content, await File.ReadAllBytesAsync(carol.DestinationOf("data.bin")));
    }

    [Fact]
    public async Task Of_two_peers_that_dial_each_other_one_connection_stays()
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var alice = await TestPeer.StartAsync(tracker, "alice", null);
        await using var bob = await TestPeer.StartAsync(tracker, "bob", alice);

        await Task.WhenAll(alice.Server.Dialer.DialAsync(AddressOf(bob)), bob.Server.Dialer.DialAsync(AddressOf(alice))).WaitAsync(Limit);

        await Eventually.HoldsAsync(
            () => alice.Server.Dialer.Connections.ToArray() is [var one] && bob.Server.Dialer.Connections.ToArray() is [var other] && one.IsDialled != other.IsDialled,
            "the same one is left on both sides");
        var content = RandomNumberGenerator.GetBytes(Size);
        var file = await alice.ShareAsync("data.bin", content);
        await bob.Receive(file).Completion.WaitAsync(Limit);
        Assert.Single(alice.Server.Dialer.Connections, connection => !connection.IsBulk);
    }

    [Fact]
    public async Task Downloads_complete_although_their_two_peers_dial_each_other_meanwhile()
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var alice = await TestPeer.StartAsync(tracker, "alice", null, new PeerServerOptions { UploadLimit = 4 * 1024 * 1024 });
        await using var bob = await TestPeer.StartAsync(tracker, "bob", alice);
        var content = RandomNumberGenerator.GetBytes(Size);
        var file = await alice.ShareAsync("data.bin", content);
        var download = bob.Receive(file);
        await Eventually.HoldsAsync(() => download.Progress.BytesVerified > 0, "it has begun");

        await alice.Server.Dialer.DialAsync(AddressOf(bob)).WaitAsync(Limit);

        await Eventually.HoldsAsync(() => bob.Server.Dialer.Connections.Count() == 1, "one is left");
        await download.Completion.WaitAsync(Limit);
        Assert.Equal(content, await File.ReadAllBytesAsync(bob.DestinationOf("data.bin")));
    }

    [Fact]
    public async Task A_fast_source_gets_bulk_connections_and_its_first_one_is_used_again_when_they_break()
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var alice = await TestPeer.StartAsync(tracker, "alice", null, new PeerServerOptions { UploadLimit = 24 * 1024 * 1024 });
        await using var bob = await TestPeer.StartAsync(tracker, "bob", alice);
        bob.Server.Downloads.Dependencies.BulkAbove = 1;
        var content = RandomNumberGenerator.GetBytes(5 * Size);
        var file = await alice.ShareAsync("data.bin", content);
        var download = bob.Receive(file);
        await Eventually.HoldsAsync(() => bob.Server.Dialer.Connections.Count(connection => connection.IsBulk) == 2, "bulk connections are there");

        Assert.Equal(1, download.Progress.Sources);
        foreach (var bulk in bob.Server.Dialer.Connections.Where(connection => connection.IsBulk))
        {
            bulk.Dispose();
        }

        await download.Completion.WaitAsync(Limit);
        Assert.Equal(content, await File.ReadAllBytesAsync(bob.DestinationOf("data.bin")));
        await Eventually.HoldsAsync(() => !bob.Server.Dialer.Connections.Any(connection => connection.IsBulk), "none is left");
    }

    private static SourcePeer AddressOf(TestPeer peer) => new(peer.Server.Fingerprint, peer.Client.UserId, peer.Client.SessionId, peer.UserName, true, [$"127.0.0.1:{peer.Server.Port}"]);
}
