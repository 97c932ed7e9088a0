using System.Security.Cryptography;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer;
using P2PShare.Transfer.Storage;

namespace P2PShare.Integration.Transfer;

/// <summary>Zeros are neither sent nor stored.</summary>
public sealed class SparseTests : IAsyncLifetime
{
    private const int Extent = 64 * 1024;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private TestTracker _tracker = null!;
    private TestPeer _alice = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _alice = await TestPeer.StartAsync(_tracker, "alice", null, new PeerServerOptions { SourceTimeout = TimeSpan.FromSeconds(60) });
    }

    public async Task DisposeAsync()
    {
        await _alice.DisposeAsync();
        await _tracker.DisposeAsync();
    }

    [LinuxFact]
    public async Task An_image_takes_the_disk_and_the_line_of_what_is_in_it()
    {
        await using var bob = await TestPeer.StartAsync(_tracker, "bob", _alice);
        // Pieces of 128 KiB: extents that begin in the middle of one touch two.
        var (file, used) = await ShareImageAsync(size: 100_000_000, extents: 40);

        await bob.Receive(file).Completion.WaitAsync(Limit);

        AssertSame(bob.DestinationOf("image"));
        Assert.InRange(UnixFile.DiskSize(bob.DestinationOf("image")), used, used + used / 50 + 40 * 2 * 16 * 1024);
        Assert.InRange(_alice.Server.GetStatus().BytesUploaded, used, 40 * 2 * 128 * 1024);
    }

    [Theory]
    [InlineData(200_000)]
    [InlineData(30_000_001)]
    public async Task Of_a_file_of_zeros_no_byte_is_sent(int size)
    {
        await using var bob = await TestPeer.StartAsync(_tracker, "bob", _alice);
        var file = await _alice.ShareAsync("zeros", new byte[size]);

        var download = bob.Receive(file);
        await download.Completion.WaitAsync(Limit);

        Assert.Equal(new byte[size], await File.ReadAllBytesAsync(bob.DestinationOf("zeros")));
        Assert.Equal(size, download.Progress.BytesVerified);
        Assert.Equal(0, _alice.Server.GetStatus().BytesUploaded);
        Assert.True(!OperatingSystem.IsLinux() || UnixFile.DiskSize(bob.DestinationOf("zeros")) < 16 * 1024);
    }

    [Fact]
    public Task A_receiver_of_an_image_that_is_killed_continues_with_its_holes()
    {
        const int Kills = 6;
        var random = new SeededRandom();
        return random.RunAsync(async () =>
        {
            var (_, used) = await ShareImageAsync(size: 60_000_000, extents: 100);
            _alice.Server.UploadLimit = 3_000_000;
            await using var receiver = await ChildPeer.CreateAsync(_tracker, "receiver", _alice);
            var destination = Path.Combine(receiver.Folder, "image");
            for (var kill = 0; kill < Kills; kill++)
            {
                await receiver.StartAsync();
                await receiver.ReceiveAsync("image", destination);
                await random.MomentAsync(TimeSpan.FromSeconds(0.5));
                await receiver.KillAsync();
                Assert.False(File.Exists(destination), $"it was complete before kill {kill}");
            }

            _alice.Server.UploadLimit = null;
            await receiver.StartAsync();
            await receiver.ReceiveAsync("image", destination);

            Assert.Null(await receiver.EndOfReceiveAsync());
            AssertSame(destination);
            Assert.True(!OperatingSystem.IsLinux() || UnixFile.DiskSize(destination) < used + used / 50 + 100 * 2 * 16 * 1024);
        });
    }

    private void AssertSame(string path)
    {
        using var expected = File.OpenRead(Path.Combine(_alice.Folder, "image"));
        using var actual = File.OpenRead(path);
        Assert.Equal(SHA256.HashData(expected), SHA256.HashData(actual));
    }

    // Of the extents, one is at the end, so that the last piece is not zeros.
    private async Task<(FileResponse File, long Used)> ShareImageAsync(long size, int extents)
    {
        var path = Path.Combine(_alice.Folder, "image");
        using (var image = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write))
        {
            RandomAccess.SetLength(image, size);
            for (var extent = 0; extent < extents; extent++)
            {
                var offset = size / extents * extent / PieceLength.Block * PieceLength.Block;
                RandomAccess.Write(image, RandomNumberGenerator.GetBytes(Extent), extent == extents - 1 ? size - Extent : offset);
            }
        }

        var hashed = await FileHasher.HashAsync(path, null, CancellationToken.None);
        return (await _alice.Server.Shares.ShareAsync(hashed, TestPeer.Group, "image", replace: false, CancellationToken.None), (long)extents * Extent);
    }
}
