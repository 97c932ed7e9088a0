using System.Security.Cryptography;
using P2PShare.Transfer.Peers;
using P2PShare.Unit.TrackerHost;

namespace P2PShare.Unit.Transfer;

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
            Assert.InRange(seed.Server.GetStatus().BytesUploaded, Size, 1.2 * Size);
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
    public async Task What_a_seed_gave_to_a_receiver_that_left_it_gives_to_the_next()
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
}
