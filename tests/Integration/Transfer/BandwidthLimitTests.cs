using System.Diagnostics;
using System.Security.Cryptography;

namespace P2PShare.Integration.Transfer;

/// <summary>Real transfers keep to their limits.</summary>
public sealed class BandwidthLimitTests
{
    private const double Tolerance = 0.05;

    [Theory]
    [InlineData(Limited.Upload, 400_000, 1_200_000)]
    [InlineData(Limited.PeerServer, 400_000, 1_200_000)]
    [InlineData(Limited.Download, 400_000, 1_200_000)]
    [InlineData(Limited.Upload, 20_000_000, 40_000_000)]
    [InlineData(Limited.Download, 20_000_000, 40_000_000)]
    public async Task A_real_transfer_keeps_to_the_limit(Limited limited, int limit, int size)
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var alice = await TestPeer.StartAsync(tracker, "alice", null);
        await using var bob = await TestPeer.StartAsync(tracker, "bob", alice);
        var content = RandomNumberGenerator.GetBytes(size);
        var file = await alice.ShareAsync("data.bin", content);
        // Until the download has its own.
        alice.Server.UploadLimit = limited is Limited.Upload or Limited.Download ? limit : null;
        bob.Server.DownloadLimit = limited == Limited.PeerServer ? limit : null;

        var watch = Stopwatch.StartNew();
        var download = bob.Receive(file);
        if (limited == Limited.Download)
        {
            download.Limit = limit;
            alice.Server.UploadLimit = null;
        }

        await download.Completion.WaitAsync(TimeSpan.FromSeconds(60));
        var rate = size / watch.Elapsed.TotalSeconds;

        Assert.Equal(content, await File.ReadAllBytesAsync(bob.DestinationOf("data.bin")));
        // The start is in the time and not in the bytes, so that this errs on the slow side; a machine may be as busy as it likes.
        Assert.InRange(rate, limit * 0.1, limit * (1 + Tolerance));
    }

    [Fact]
    public async Task A_change_of_a_download_s_limit_takes_effect_while_it_runs()
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var alice = await TestPeer.StartAsync(tracker, "alice", null);
        await using var bob = await TestPeer.StartAsync(tracker, "bob", alice);
        var file = await alice.ShareAsync("data.bin", RandomNumberGenerator.GetBytes(20_000_000));
        var download = bob.Receive(file);
        download.Limit = 20_000;
        // At this rate it would take a quarter of an hour.
        await Eventually.HoldsAsync(() => download.Progress.Sources == 1, "a source is connected");

        download.Limit = null;

        await download.Completion.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Throws<ArgumentOutOfRangeException>(() => download.Limit = 0);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(1_000_000)]
    public async Task A_limited_download_delays_no_other_one_from_the_same_peer(int limit)
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var alice = await TestPeer.StartAsync(tracker, "alice", null);
        await using var bob = await TestPeer.StartAsync(tracker, "bob", alice);
        var slow = await alice.ShareAsync("slow.bin", RandomNumberGenerator.GetBytes(64_000_000));
        // At the pace of the limited one it would take most of a minute, or for ever.
        var first = await alice.ShareAsync("first.bin", RandomNumberGenerator.GetBytes(40_000_000));
        var second = await alice.ShareAsync("second.bin", RandomNumberGenerator.GetBytes(8_000_000));
        var limited = bob.Receive(slow);
        limited.Limit = limit;
        await Eventually.HoldsAsync(() => limited.Progress.Sources == 1, "a source is connected");

        await bob.Receive(first).Completion.WaitAsync(TimeSpan.FromSeconds(30));
        // All that was requested before the limit was set has come by now.
        var before = limited.Progress.BytesFetched;
        await limited.StopAsync();
        await bob.Receive(second).Completion.WaitAsync(TimeSpan.FromSeconds(30));

        Assert.True(before < 64_000_000, "The limited download did not last as long as the other one.");
        Assert.Equal(before, limited.Progress.BytesFetched, tolerance: 2_000_000.0);
        Assert.Equal(1, alice.Server.GetStatus().Connections);
    }

    public enum Limited
    {
        Upload,
        PeerServer,
        Download,
    }
}
