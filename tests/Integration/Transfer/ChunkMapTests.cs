using System.Security.Cryptography;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;

namespace P2PShare.Integration.Transfer;

/// <summary>Downloads that find moved bytes in local files by a chunk map, over real sockets.</summary>
public sealed class ChunkMapTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly byte[] _content = RandomNumberGenerator.GetBytes(8 * 1024 * 1024 + 5000);
    private TestTracker _tracker = null!;
    private TestPeer _alice = null!;
    private TestPeer _bob = null!;
    private FileResponse _file = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _alice = await TestPeer.StartAsync(_tracker, "alice", null);
        _bob = await TestPeer.StartAsync(_tracker, "bob", _alice);
        var hashed = await FileHasher.HashAsync(_alice.MakeFile("data.bin", _content), null, CancellationToken.None);
        Assert.True(await _alice.Server.ChunkMaps.MakeAsync(hashed, CancellationToken.None));
        _file = await _alice.Server.Shares.ShareAsync(hashed, TestPeer.Group, "data.bin", replace: false, CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _bob.DisposeAsync();
        await _alice.DisposeAsync();
        await _tracker.DisposeAsync();
    }

    [Fact]
    public async Task Of_a_file_to_which_bytes_were_added_the_rest_is_not_sent()
    {
        await UpdateAsync(_bob);

        Assert.InRange(_alice.Server.GetStatus().BytesUploaded, 3000, 200_000);
    }

    [Fact]
    public async Task Who_received_by_a_map_serves_it()
    {
        await using var carol = await TestPeer.StartAsync(_tracker, "carol", _alice);
        await UpdateAsync(_bob);
        await _alice.StopServerAsync();

        await UpdateAsync(carol);

        Assert.InRange(_bob.Server.GetStatus().BytesUploaded, 3000, 200_000);
    }

    [Fact]
    public async Task After_a_restart_the_map_is_still_served()
    {
        await _alice.RestartServerAsync();

        await UpdateAsync(_bob);

        Assert.InRange(_alice.Server.GetStatus().BytesUploaded, 3000, 200_000);
    }

    [Fact]
    public async Task Files_that_were_named_are_used_and_those_that_cannot_be_are_said_once()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_bob.Folder, "older")).FullName;
        await File.WriteAllBytesAsync(Path.Combine(folder, "half"), _content[(4 * 1024 * 1024)..]);
        ReuseFile[] files = [new(Path.Combine(folder, "gone"), folder), new("/dev/zero"), new(Path.Combine(folder, "half"), folder)];

        var download = _bob.Server.Downloads.Start(
            new DownloadRequest(_file.GroupIdentity, _file.Name, _file.Content, _bob.DestinationOf("data.bin"), Overwrite: false) { ReuseFrom = files });
        await download.Completion.WaitAsync(Limit);

        Assert.Equal(_content, await File.ReadAllBytesAsync(_bob.DestinationOf("data.bin")));
        Assert.InRange(_alice.Server.GetStatus().BytesUploaded, 4 * 1024 * 1024, 4 * 1024 * 1024 + 200_000);
        Assert.StartsWith("'data.bin': 2 local files were not searched for bytes to reuse. The first: ", Assert.Single(_bob.Warnings), StringComparison.Ordinal);
    }

    // What is there lacks 3,000 bytes in its first half.
    private async Task UpdateAsync(TestPeer peer)
    {
        var destination = peer.DestinationOf("data.bin");
        Directory.CreateDirectory(Path.GetDirectoryName(destination)!);
        await File.WriteAllBytesAsync(destination, [.. _content.AsSpan(0, 1_000_000), .. _content.AsSpan(1_003_000)]);
        await peer.Receive(_file, overwrite: true).Completion.WaitAsync(Limit);
        Assert.Equal(_content, await File.ReadAllBytesAsync(destination));
    }
}
