using P2PShare.Protocol.Content;
using P2PShare.Transfer.Chunking;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;
using P2PShare.Unit.Transfer.Sharing;

namespace P2PShare.Unit.Transfer.Chunking;

/// <summary>From a file that is shared to what another one has of it.</summary>
public sealed class LocalSearchTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SkippedFiles _skipped = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(70_000)]
    [InlineData(3_000_000)]
    [InlineData(9_000_001)]
    public async Task A_file_has_all_of_itself(int size)
    {
        var content = SharedFile.Bytes(size);
        var map = await MakeMapAsync(content);

        var coverage = await SearchAsync(map, Write("old", content));

        Assert.Equal([new LocalRange(0, size, 0, 0)], coverage.Ranges);
        Assert.True(coverage.Leaves.IsComplete);
        Assert.Null(_skipped.Describe());
    }

    [Fact]
    public async Task What_was_inserted_is_missing_and_all_behind_it_is_found()
    {
        var old = SharedFile.Bytes(4_000_000);
        byte[] content = [.. old.AsSpan(0, 1_000_000), .. SharedFile.Bytes(5_000, seed: 2), .. old.AsSpan(1_000_000)];
        var map = await MakeMapAsync(content);

        var coverage = await SearchAsync(map, Write("old", old));

        Assert.InRange(coverage.Leaves.Length - coverage.Leaves.Count, 1, 20);
        AssertReads(coverage, content);
    }

    [Fact]
    public async Task Pieces_of_several_files_are_put_together()
    {
        var (first, second) = (SharedFile.Bytes(1_000_000), SharedFile.Bytes(1_500_000, seed: 2));
        byte[] content = [.. second, .. first, .. second];
        var map = await MakeMapAsync(content);

        var coverage = await SearchAsync(map, Write("first", first), Write("second", second));

        Assert.InRange(coverage.Leaves.Count, coverage.Leaves.Length * 9 / 10, coverage.Leaves.Length);
        AssertReads(coverage, content);
    }

    [Fact]
    public async Task Equal_chunks_are_found_wherever_they_are()
    {
        // Of zeros all chunks are equal but the last one.
        var content = new byte[10 * ChunkLength.Max + 5];
        var map = await MakeMapAsync(content);

        var coverage = await SearchAsync(map, Write("old", new byte[ChunkLength.Max]));

        Assert.Equal(10, coverage.Ranges.Count);
        AssertReads(coverage, content);
    }

    [Fact]
    public async Task Nothing_is_found_where_nothing_is_equal()
    {
        var map = await MakeMapAsync(SharedFile.Bytes(1_000_000));

        var coverage = await SearchAsync(map, Write("old", SharedFile.Bytes(1_000_000, seed: 2)), Write("empty", []));

        Assert.Empty(coverage.Ranges);
        Assert.Equal(0, coverage.Leaves.Count);
        using var reader = new LocalReader(coverage, TimeProvider.System);
        Assert.False(reader.TryRead(0, new byte[1]));
    }

    [Fact]
    public async Task Of_a_large_file_with_nothing_equal_only_samples_are_read()
    {
        var map = await MakeMapAsync(SharedFile.Bytes(20_000_000));
        var search = new LocalSearch(map, [Write("old", SharedFile.Bytes((int)LocalSearch.SampledSize, seed: 2))], _skipped, TimeProvider.System);

        Assert.Empty((await search.RunAsync(CancellationToken.None)).Ranges);

        Assert.Equal(64 * 8 * ChunkLength.Mean, search.BytesRead);
    }

    [Fact]
    public async Task A_tenth_of_a_large_file_is_found_wherever_it_is()
    {
        var content = SharedFile.Bytes(20_000_000);
        var map = await MakeMapAsync(content);
        var old = SharedFile.Bytes((int)LocalSearch.SampledSize, seed: 2);
        content.AsSpan(0, 7_000_000).CopyTo(old.AsSpan(50_000_001));

        var coverage = await SearchAsync(map, Write("old", old));

        Assert.InRange(coverage.Ranges.Sum(range => range.Length), 7_000_000 - 2 * ChunkLength.Max, 7_000_000);
        AssertReads(coverage, content);
    }

    [Fact]
    public async Task Links_devices_and_what_is_gone_are_skipped_and_said_once()
    {
        var content = SharedFile.Bytes(1_000_000);
        var map = await MakeMapAsync(content);
        var old = Write("old", content);
        var link = _folder.Combine("link");
        File.CreateSymbolicLink(link, old.Path);
        ReuseFile[] files = [new(_folder.Combine("gone")), new(link), new(_folder.Path), .. Special(), old];

        var coverage = await SearchAsync(map, files);

        Assert.True(coverage.Leaves.IsComplete);
        Assert.Equal(files.Length - 1, _skipped.Count);
        Assert.StartsWith($"{files.Length - 1} local files were not searched for bytes to reuse. The first: ", _skipped.Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_several_downloads_share_is_skipped_by_all_and_said_by_one()
    {
        var map = await MakeMapAsync(SharedFile.Bytes(100_000));
        var gone = new ReuseFile(_folder.Combine("gone"));

        await SearchAsync(map, gone);
        Assert.NotNull(_skipped.Describe());
        var later = new SkippedFiles();
        await new LocalSearch(map, [gone], later, TimeProvider.System).RunAsync(CancellationToken.None);

        Assert.Null(later.Describe());
    }

    [LinuxFact(AsRoot = true)]
    public async Task Files_of_other_users_are_skipped()
    {
        var content = SharedFile.Bytes(1_000_000);
        var map = await MakeMapAsync(content);
        var old = Write("old", content);
        UnixFile.GiveAway(old.Path);

        var coverage = await SearchAsync(map, old);

        Assert.Empty(coverage.Ranges);
        Assert.Contains("belongs to another user", _skipped.Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_so_many_times_the_content_is_read()
    {
        var map = await MakeMapAsync(SharedFile.Bytes(100_000));
        var files = Enumerable.Range(0, 20).Select(index => Write($"old{index}", SharedFile.Bytes(100_000, seed: 10 + index))).ToArray();
        var search = new LocalSearch(map, files, _skipped, TimeProvider.System);

        await search.RunAsync(CancellationToken.None);

        Assert.Equal(LocalSearch.MaxFactor * map.Size, search.BytesRead);
    }

    [Fact]
    public async Task A_search_that_is_cancelled_returns_what_it_has()
    {
        var content = SharedFile.Bytes(1_000_000);
        var map = await MakeMapAsync(content);

        var coverage = await new LocalSearch(map, [Write("old", content)], _skipped, TimeProvider.System).RunAsync(new CancellationToken(canceled: true));

        Assert.Empty(coverage.Ranges);
    }

    [Fact]
    public async Task A_file_that_became_shorter_is_not_read_beyond_its_end()
    {
        var content = SharedFile.Bytes(1_000_000);
        var map = await MakeMapAsync(content);
        var old = Write("old", content);
        var coverage = await SearchAsync(map, old);
        await File.WriteAllBytesAsync(old.Path, content[..500_000]);

        using var reader = new LocalReader(coverage, TimeProvider.System);

        Assert.True(reader.TryRead(0, new byte[500_000]));
        Assert.False(reader.TryRead(499_999, new byte[2]));
        File.Delete(old.Path);
        using var later = new LocalReader(coverage, TimeProvider.System);
        Assert.False(later.TryRead(0, new byte[1]));
    }

    private IEnumerable<ReuseFile> Special() =>
        OperatingSystem.IsLinux() ? [new(UnixFile.MakeFifo(_folder.Combine("pipe"))), new("/dev/zero"), new("/proc/self/mem")] : [];

    private static void AssertReads(LocalCoverage coverage, byte[] content)
    {
        using var reader = new LocalReader(coverage, TimeProvider.System);
        var covered = 0;
        for (var leaf = 0; leaf < coverage.Leaves.Length; leaf++)
        {
            var offset = leaf * PieceLength.Block;
            var buffer = new byte[Math.Min(PieceLength.Block, content.Length - offset)];
            Assert.Equal(coverage.Leaves[leaf], reader.TryRead(offset, buffer));
            if (coverage.Leaves[leaf])
            {
                covered++;
                Assert.Equal(content[offset..(offset + buffer.Length)], buffer);
            }
        }

        Assert.Equal(coverage.Leaves.Count, covered);
    }

    private Task<LocalCoverage> SearchAsync(ChunkMap map, params ReuseFile[] files) =>
        new LocalSearch(map, files, _skipped, TimeProvider.System).RunAsync(CancellationToken.None);

    private ReuseFile Write(string name, byte[] content)
    {
        File.WriteAllBytes(_folder.Combine(name), content);
        return new ReuseFile(_folder.Combine(name));
    }

    private async Task<ChunkMap> MakeMapAsync(byte[] content)
    {
        var file = await SharedFile.MakeAsync(_folder, "new", content);
        var map = await ChunkMapMaker.MakeAsync(file, TimeProvider.System, CancellationToken.None);
        Assert.NotNull(map);
        return map;
    }
}
