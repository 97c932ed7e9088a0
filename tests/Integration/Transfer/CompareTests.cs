using System.Security.Cryptography;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;

namespace P2PShare.Integration.Transfer;

/// <summary>Comparisons over real sockets, each beside the download that it tells about.</summary>
public sealed class CompareTests : IAsyncLifetime
{
    private const int Block = 16 * 1024;
    private const int MiB = 1024 * 1024;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly byte[] _content = RandomNumberGenerator.GetBytes(8 * MiB + 5000);
    private TestTracker _tracker = null!;
    private TestPeer _alice = null!;
    private TestPeer _bob = null!;

    public static TheoryData<string> Cases => ["changed in place", "shifted", "zeros", "nothing equal", "identical", "missing", "longer", "in another file"];

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _alice = await TestPeer.StartAsync(_tracker, "alice", null);
        _bob = await TestPeer.StartAsync(_tracker, "bob", _alice, new PeerServerOptions { SourceTimeout = TimeSpan.FromSeconds(1) });
    }

    public async Task DisposeAsync()
    {
        await _bob.DisposeAsync();
        await _alice.DisposeAsync();
        await _tracker.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_comparison_tells_what_the_download_does(string which)
    {
        if (which == "zeros")
        {
            // Whole pieces, and blocks of others.
            _content.AsSpan(2 * MiB, 3 * MiB).Clear();
            _content.AsSpan(6 * MiB + Block, 5 * Block).Clear();
        }

        var file = await ShareAsync();
        var request = Request(file);
        switch (which)
        {
            case "missing":
                break;
            case "in another file":
                request = request with { ReuseFrom = [new ReuseFile(_bob.MakeFile("other.bin", _content[(3 * MiB)..]))] };
                break;
            default:
                Put(which switch
                {
                    "changed in place" => Changed(0, 100, 101, 300),
                    "shifted" => [.. _content[..MiB], .. _content[(MiB + 3000)..]],
                    "zeros" => Changed(0, 500),
                    "nothing equal" => RandomNumberGenerator.GetBytes(_content.Length),
                    "longer" => [.. Changed(7), .. new byte[50_000]],
                    _ => _content,
                });
                break;
        }

        var before = File.Exists(request.Destination) ? await File.ReadAllBytesAsync(request.Destination) : null;

        var comparison = await CompareAsync(request);

        Assert.Equal(_content.Length, comparison.BytesEqual + comparison.BytesMoved + comparison.BytesZero + comparison.BytesToFetch);
        Assert.Equal(before, File.Exists(request.Destination) ? await File.ReadAllBytesAsync(request.Destination) : null);
        Assert.False(File.Exists(request.Destination + ".p2ppart"));
        Assert.Equal((0, 0), (_alice.Server.GetStatus().BytesUploaded, _bob.Server.GetStatus().BytesDownloaded));
        Assert.Equal((0, 0), (_bob.Server.Downloads.GetAll().Count, _bob.Server.GetStatus().SharedFiles));
        Assert.False(Directory.Exists(Path.Combine(_bob.Folder, "state", "maps")));

        var download = _bob.Server.Downloads.Start(request);
        await download.Completion.WaitAsync(Limit);

        var progress = download.Progress;
        Assert.Equal(
            (progress.BytesReused, progress.BytesZero, progress.BytesFetched),
            (comparison.BytesEqual + comparison.BytesMoved, comparison.BytesZero, comparison.BytesToFetch));
        Assert.Equal(which is "shifted" or "in another file", comparison.BytesMoved > 4 * MiB);
        Assert.Equal(which == "identical", comparison.IsIdentical);
    }

    [Fact]
    public async Task Without_a_source_only_an_identical_file_can_be_told()
    {
        var file = await ShareAsync();
        await _alice.StopServerAsync();
        var request = Request(file);
        Put(_content);
        Assert.Equal(_content.Length, (await CompareAsync(request)).BytesEqual);
        Put(Changed(1));

        var fault = await Assert.ThrowsAsync<P2PShareException>(() => CompareAsync(request));

        Assert.Equal(ErrorCode.NoSourceOnline, fault.Code);
    }

    [Fact]
    public async Task The_sharer_can_compare_with_an_older_file()
    {
        var request = Request(await ShareAsync()) with { Destination = _alice.MakeFile("old.bin", Changed(1, 2)) };

        var comparison = await CompareAsync(request, _alice);

        Assert.Equal((_content.Length - 2 * Block, 2 * Block, 0), (comparison.BytesEqual, comparison.BytesMoved, comparison.BytesToFetch));
    }

    [Fact]
    public async Task A_comparison_waits_for_a_download_of_the_same_content()
    {
        // A source serves a content of a group to a connection once.
        var file = await ShareAsync();
        // Far longer than sources are waited for.
        await using var carol = await TestPeer.StartAsync(_tracker, "carol", _alice, new PeerServerOptions { SourceTimeout = TimeSpan.FromSeconds(1) });
        _alice.Server.UploadLimit = 2 * MiB;
        var download = carol.Receive(file);
        await Eventually.HoldsAsync(() => download.Progress.BytesVerified > 0, "it runs");

        var comparing = CompareAsync(Request(file) with { Destination = carol.MakeFile("old.bin", Changed(9)) }, carol);

        await download.Completion.WaitAsync(Limit);
        Assert.Equal(_content.Length, download.Progress.BytesFetched);
        var comparison = await comparing;
        // What was received would be copied.
        Assert.Equal((Block, 0), (comparison.BytesMoved, comparison.BytesToFetch));
    }

    [Fact]
    public async Task Comparisons_of_one_content_with_several_files_do_not_refuse_each_other()
    {
        var file = await ShareAsync();
        var old = Enumerable.Range(0, 4).Select(i => Request(file) with { Destination = _bob.MakeFile($"{i}.bin", Changed([.. Enumerable.Range(0, i + 1)])) });

        var comparisons = await Task.WhenAll(old.Select(CompareAsync));

        Assert.Equal(Enumerable.Range(1, 4).Select(i => (long)i * Block), comparisons.Select(comparison => comparison.BytesToFetch));
    }

    private static async Task<ContentComparison> CompareAsync(DownloadRequest request, TestPeer peer)
    {
        var hashed = File.Exists(request.Destination) && new FileInfo(request.Destination).Length == request.Content.Size
            ? await FileHasher.HashAsync(request.Destination, null, CancellationToken.None)
            : null;
        return await peer.Server.Downloads.CompareAsync(request, hashed, ContentComparison.MaxRanges, null, CancellationToken.None).WaitAsync(Limit);
    }

    private Task<ContentComparison> CompareAsync(DownloadRequest request) => CompareAsync(request, _bob);

    private DownloadRequest Request(FileResponse file) =>
        new(file.GroupIdentity, file.Name, file.Content, _bob.DestinationOf(file.Name), Overwrite: true);

    private async Task<FileResponse> ShareAsync()
    {
        var hashed = await FileHasher.HashAsync(_alice.MakeFile("data.bin", _content), null, CancellationToken.None);
        Assert.True(await _alice.Server.ChunkMaps.MakeAsync(hashed, CancellationToken.None));
        return await _alice.Server.Shares.ShareAsync(hashed, TestPeer.Group, "data.bin", replace: false, CancellationToken.None);
    }

    private void Put(byte[] bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_bob.DestinationOf("data.bin"))!);
        File.WriteAllBytes(_bob.DestinationOf("data.bin"), bytes);
    }

    private byte[] Changed(params int[] blocks)
    {
        var bytes = _content.ToArray();
        Array.ForEach(blocks, block => bytes[block * Block] ^= 1);
        return bytes;
    }
}
