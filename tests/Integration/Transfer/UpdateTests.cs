using System.Security.Cryptography;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;

namespace P2PShare.Integration.Transfer;

/// <summary>Downloads that replace a file, over real sockets: what a source sends is counted there.</summary>
public sealed class UpdateTests : IAsyncLifetime
{
    private const int Block = 16 * 1024;

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
        _file = await _alice.ShareAsync("data.bin", _content);
    }

    public async Task DisposeAsync()
    {
        await _bob.DisposeAsync();
        await _alice.DisposeAsync();
        await _tracker.DisposeAsync();
    }

    [Fact]
    public async Task Five_changed_blocks_of_eight_mebibytes_are_all_that_is_sent()
    {
        var download = await UpdateAsync(Changed(0, 1, 100, 300, 511));

        Assert.Equal(5 * Block, _alice.Server.GetStatus().BytesUploaded);
        var progress = download.Progress;
        Assert.Equal((5L * Block, _content.Length - (5L * Block)), (progress.BytesFetched, progress.BytesReused));
        Assert.Equal(_content.Length, progress.BytesVerified);
    }

    [Fact]
    public async Task Of_an_equal_file_nothing_is_sent()
    {
        await UpdateAsync(_content);

        Assert.Equal(0, _alice.Server.GetStatus().BytesUploaded);
    }

    [Fact]
    public async Task Of_another_file_all_is_sent_once()
    {
        await UpdateAsync(RandomNumberGenerator.GetBytes(_content.Length));

        Assert.Equal(_content.Length, _alice.Server.GetStatus().BytesUploaded);
    }

    [Fact]
    public async Task Of_a_shorter_file_the_rest_is_sent()
    {
        await UpdateAsync(_content[..(4 * 1024 * 1024)]);

        Assert.Equal(_content.Length - (4 * 1024 * 1024), _alice.Server.GetStatus().BytesUploaded);
    }

    [Fact]
    public async Task Of_a_longer_file_what_is_at_the_same_place_is_not_sent()
    {
        await UpdateAsync([.. Changed(200), .. new byte[100_000]]);

        Assert.Equal(Block, _alice.Server.GetStatus().BytesUploaded);
    }

    [Fact]
    public async Task A_second_update_into_the_same_file_is_refused()
    {
        Put(RandomNumberGenerator.GetBytes(_content.Length));
        _alice.Server.UploadLimit = 500_000;
        var first = _bob.Receive(_file, overwrite: true);
        await Eventually.HoldsAsync(() => first.Progress.BytesVerified > 0, "the first one runs");
        await using var carol = await TestPeer.StartAsync(_tracker, "carol", _alice);

        var second = carol.Server.Downloads.Start(
            new(_file.GroupIdentity, _file.Name, _file.Content, _bob.DestinationOf("data.bin"), Overwrite: true));

        Assert.Equal(ErrorCode.DestinationInUse, (await Assert.ThrowsAsync<P2PShareException>(() => second.Completion.WaitAsync(Limit))).Code);
        _alice.Server.UploadLimit = null;
        await first.Completion.WaitAsync(Limit);
        Assert.Equal(_content, await File.ReadAllBytesAsync(_bob.DestinationOf("data.bin")));
    }

    [Fact]
    public async Task A_source_that_lies_about_trees_is_left_for_one_that_does_not()
    {
        await using var mallory = await TestPeer.StartAsync(_tracker, "mallory", _alice);
        await using var source = await RawSource.StartAsync(mallory, _file);
        await _alice.StopServerAsync();
        Put(Changed(3, 200));
        var download = _bob.Receive(_file, overwrite: true);
        var (liar, _) = await source.AcceptAsync();
        await using var __ = liar;
        var layer = (await FileHasher.HashAsync(mallory.MakeFile("copy.bin", _content), null, CancellationToken.None)).PieceLayer.ToArray();
        await LieAsync(liar, layer).WaitAsync(Limit);
        await _alice.RestartServerAsync();

        await download.Completion.WaitAsync(Limit);

        Assert.Equal(_content, await File.ReadAllBytesAsync(_bob.DestinationOf("data.bin")));
        Assert.Equal(2 * Block, _alice.Server.GetStatus().BytesUploaded);
    }

    [ReflinkDiskFact]
    public async Task Pieces_that_did_not_change_share_the_storage_of_the_old_file_where_the_file_system_can()
    {
        using var disk = ReflinkDisk.Make();
        var destination = Path.Combine(disk.Path, "data.bin");
        await File.WriteAllBytesAsync(destination, Changed(100));
        // It keeps its storage for as long as it is open.
        using var old = File.OpenHandle(destination, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        RandomAccess.FlushToDisk(old);
        var free = disk.Free;

        var download = _bob.Server.Downloads.Start(new DownloadRequest(_file.GroupIdentity, _file.Name, _file.Content, destination, Overwrite: true));
        await download.Completion.WaitAsync(Limit);

        Assert.Equal(_content, await File.ReadAllBytesAsync(destination));
        Assert.Equal(Block, download.Progress.BytesFetched);
        Assert.InRange(free - disk.Free, 0, _content.Length / 8);
        // What becomes of the old one does not touch the new one.
        RandomAccess.Write(old, new byte[_content.Length], 0);
        Assert.Equal(_content, await File.ReadAllBytesAsync(destination));
    }

    // Sends the piece layer, and wrong hashes below it, until it is left.
    private static async Task LieAsync(RawPeer peer, Hash256[] layer)
    {
        var lies = 0;
        while (await peer.ReceiveAsync() is var (id, body))
        {
            if (id == MessageId.HashRequest)
            {
                var range = HashRange.Read(body);
                var answer = new byte[Frame.HeaderLength + HashRange.Length + range.Count * Hash256.Size];
                await peer.SendAsync(answer.AsMemory(0, range.Write(answer, layer.AsSpan(range.Index, range.Count))));
            }
            else if (id == MessageId.TreeRequest)
            {
                var range = TreeRange.Read(body);
                var answer = new byte[Frame.HeaderLength + TreeRange.Length + range.Count * Hash256.Size];
                lies++;
                await peer.SendAsync(answer.AsMemory(0, range.Write(answer, new Hash256[range.Count])));
            }
            else if (id == MessageId.Close)
            {
                Assert.InRange(lies, 1, 2);
                return;
            }
        }
    }

    private byte[] Changed(params int[] blocks)
    {
        var bytes = _content.ToArray();
        foreach (var block in blocks)
        {
            bytes[block * Block] ^= 1;
        }

        return bytes;
    }

    private void Put(byte[] old)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_bob.DestinationOf("data.bin"))!);
        File.WriteAllBytes(_bob.DestinationOf("data.bin"), old);
    }

    private async Task<Download> UpdateAsync(byte[] old)
    {
        Put(old);
        var download = _bob.Receive(_file, overwrite: true);
        await download.Completion.WaitAsync(Limit);
        Assert.Equal(_content, await File.ReadAllBytesAsync(_bob.DestinationOf("data.bin")));
        return download;
    }
}
