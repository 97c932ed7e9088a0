using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;
using static P2PShare.Unit.Transfer.Downloading.TestContent;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>Comparisons of a content with local files, with peers and tracker in memory, beside the downloads that they tell about.</summary>
public sealed class ContentComparerTests : IDisposable
{
    private const int Block = PieceLength.Block;
    private const int Size = 4 * MiB + 5000;

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly TestContent _content = Make(Size, 1 * MiB);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Blocks_that_changed_in_place_are_to_be_fetched_and_nothing_is()
    {
        await WriteAsync(Changed(0, 1, 70));
        var swarm = Swarm(_content);

        var comparison = await CompareAsync(swarm);

        Assert.Equal((Size - 3 * Block, 0, 0, 3 * Block), Numbers(comparison));
        Assert.False(comparison.IsIdentical);
        Assert.Equal(
            [
                new ComparedRange(0, 2 * Block, ComparedKind.ToFetch),
                new ComparedRange(2 * Block, 68 * Block, ComparedKind.Equal, Local, 2 * Block),
                new ComparedRange(70 * Block, Block, ComparedKind.ToFetch),
                new ComparedRange(71 * Block, Size - 71 * Block, ComparedKind.Equal, Local, 71 * Block),
            ],
            comparison.Ranges);
        Assert.Equal((0, 0), (swarm.Peers[0].Requests, swarm.Store.GetAll().Count));
        Assert.Empty(swarm.Contents.Log);
        Assert.InRange(comparison.BytesReceived, 5 * Hash256.Size, 64 * 1024);
    }

    [Fact]
    public async Task Of_bytes_that_moved_the_ranges_name_their_places()
    {
        await WriteAsync([.. _content.Bytes.AsSpan(0, 2 * MiB), .. _content.Bytes.AsSpan(2 * MiB + 3000)]);

        var comparison = await CompareAsync(Swarm(_content, withMap: true));

        Assert.InRange(comparison.BytesEqual, 2 * MiB - 8 * Block, 2 * MiB);
        Assert.InRange(comparison.BytesMoved, Size - 2 * MiB - 12 * Block, Size - 2 * MiB);
        var last = comparison.Ranges[^1];
        Assert.Equal((ComparedKind.Moved, Local, last.Offset - 3000), (last.Kind, last.Path, last.PathOffset));
        await AssertTrueAsync(comparison, _content);
    }

    [Fact]
    public async Task What_is_at_the_same_offset_is_equal_even_if_the_same_chunk_is_elsewhere()
    {
        // The map finds one of two equal halves, and the local file has both.
        byte[] half = Make(2 * MiB, 1 * MiB).Bytes;
        var content = new TestContent([.. half, .. half, 1, 2, 3], 1 * MiB);
        await WriteAsync([.. half, .. half, 4, 5, 6]);

        var comparison = await CompareAsync(Swarm(content, withMap: true));

        Assert.Equal((4 * MiB, 0, 0, 3), Numbers(comparison));
    }

    [Fact]
    public async Task Without_a_local_file_all_but_zeros_is_to_be_fetched()
    {
        var content = new TestContent([.. _content.Bytes.AsSpan(0, MiB), .. new byte[2 * MiB], .. _content.Bytes.AsSpan(0, 100)], 1 * MiB);

        var comparison = await CompareAsync(Swarm(content));

        Assert.Equal((0, 0, 2 * MiB, MiB + 100), Numbers(comparison));
        Assert.Equal([ComparedKind.ToFetch, ComparedKind.Zero, ComparedKind.ToFetch], comparison.Ranges.Select(range => range.Kind));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20_000)]
    [InlineData(200_000)]
    [InlineData(Size)]
    public async Task An_identical_file_needs_no_source(int size)
    {
        var content = new TestContent(_content.Bytes[..size], 1 * MiB);
        await WriteAsync(content.Bytes);

        var comparison = await CompareAsync(Swarm(content, peers: 0));

        Assert.Equal((size, 0, 0, 0), Numbers(comparison));
        Assert.True(comparison.IsIdentical);
        Assert.Equal(size == 0 ? [] : [new ComparedRange(0, size, ComparedKind.Equal, Local, 0)], comparison.Ranges);
    }

    [Fact]
    public async Task Without_a_source_the_error_says_what_is_known()
    {
        await WriteAsync(Changed(3));
        var comparing = CompareAsync(Swarm(_content, peers: 0));
        await Eventually.HoldsAsync(
            () =>
            {
                _clock.Advance(TimeSpan.FromSeconds(5));
                return comparing.IsCompleted;
            },
            "it gives up");

        var fault = await Assert.ThrowsAsync<P2PShareException>(() => comparing);

        Assert.Equal(ErrorCode.NoSourceOnline, fault.Code);
        Assert.Equal(
            $"'data.bin' of group 'dev' is not the same as '{Local}', and how much of it differs could not be found out. No peer that has it is online. Compare again when one is.",
            fault.Message);
    }

    [Fact]
    public async Task A_local_file_that_changes_meanwhile_is_an_error()
    {
        await WriteAsync(Changed(0));
        var swarm = Swarm(_content, peers: 0).With(new SwarmPeer(_content, 1) { SendingTree = () => File.SetLastWriteTimeUtc(Local, DateTime.UnixEpoch) });

        var fault = await Assert.ThrowsAsync<P2PShareException>(() => CompareAsync(swarm));

        Assert.Equal(ErrorCode.SourceFileChanged, fault.Code);
        Assert.StartsWith($"'{Local}' was changed while it was read.", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_local_file_that_cannot_be_read_is_an_error()
    {
        Directory.CreateDirectory(Local);

        Assert.Equal(ErrorCode.PathIsFolder, (await Assert.ThrowsAsync<P2PShareException>(() => CompareAsync(Swarm(_content), hashes: false))).Code);
    }

    [Fact]
    public async Task What_this_peer_offers_itself_would_be_copied_and_needs_no_source()
    {
        await WriteAsync(Changed(5));
        using var whole = await OfferAsync(Write("whole", _content.Bytes));
        var swarm = Swarm(_content, peers: 0, contents: new FakeContents(_clock) { Whole = whole });

        var comparison = await CompareAsync(swarm);

        Assert.Equal((Size - Block, Block, 0, 0), Numbers(comparison));
        Assert.True(comparison.IsCopy);
        Assert.Equal(new ComparedRange(5 * Block, Block, ComparedKind.Moved, _folder.Combine("whole"), 5 * Block), comparison.Ranges[1]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_offered_from_the_local_file_itself_is_not_believed_once_that_has_changed(bool sameSize)
    {
        await WriteAsync(_content.Bytes);
        using var whole = await OfferAsync(Local);
        await WriteAsync(sameSize ? Changed(5) : Changed(5)[..^100_000]);

        var comparison = await CompareAsync(Swarm(_content, contents: new FakeContents(_clock) { Whole = whole }));

        Assert.False(comparison.IsCopy);
        Assert.InRange(comparison.BytesToFetch, sameSize ? Block : Block + 100_000, sameSize ? Block : 3 * Block + 100_000);
        await AssertTrueAsync(comparison, _content);
    }

    [Theory]
    [InlineData("gone")]
    [InlineData("changed")]
    [InlineData("a folder")]
    public async Task What_this_peer_offered_from_a_file_that_is_not_there_any_more_is_asked_of_sources(string what)
    {
        await WriteAsync(Changed(5));
        using var whole = await OfferAsync(Write("whole", _content.Bytes));
        File.Delete(_folder.Combine("whole"));
        if (what == "changed")
        {
            Write("whole", Changed(5));
        }
        else if (what == "a folder")
        {
            Directory.CreateDirectory(_folder.Combine("whole"));
        }

        var swarm = Swarm(_content, contents: new FakeContents(_clock) { Whole = whole });

        var comparison = await CompareAsync(swarm);

        Assert.Equal((Size - Block, 0, 0, Block), Numbers(comparison));
        Assert.False(comparison.IsCopy);
        var logged = Assert.Single(swarm.Contents.Log);
        Assert.StartsWith("unreadable: ", logged, StringComparison.Ordinal);
        Assert.Contains(_folder.Combine("whole"), logged, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Zeros_behind_the_end_of_the_local_file_are_no_bytes_of_it()
    {
        // Within a block, so that it has the others of the block.
        var end = 70 * Block + 5000;
        var content = new TestContent([.. _content.Bytes.AsSpan(0, end), .. new byte[30 * Block], .. _content.Bytes.AsSpan(end)], 1 * MiB);
        await WriteAsync(content.Bytes[..end]);

        var comparison = await CompareAsync(Swarm(content));

        Assert.Equal(end, comparison.BytesEqual);
        await AssertTrueAsync(comparison, content);
    }

    [Fact]
    public async Task A_local_file_whose_disk_does_not_answer_is_an_error_and_not_waited_for()
    {
        await WriteAsync(Changed(5));
        using var disk = await HangingDisk.HangAsync(Local, _clock);

        var fault = await Assert.ThrowsAsync<P2PShareException>(() => CompareAsync(Swarm(_content), hashes: false));

        Assert.Equal(ErrorCode.PathUnreadable, fault.Code);
        Assert.StartsWith($"'{Local}' cannot be read: The disk", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task For_a_download_of_the_same_content_its_channels_are_closed_and_it_starts_over_afterwards()
    {
        await WriteAsync(Changed(0));
        var swarm = Swarm(_content, peers: 0).With(new SwarmPeer(_content, 1) { SendsNoTrees = true });
        var comparing = CompareAsync(swarm);
        await Eventually.HoldsAsync(() => swarm.Peers[0].TreeRequests > 0, "its tree is asked for");

        var download = await swarm.Dependencies.Turns.BeginDownloadAsync(swarm.Request);
        Assert.True(swarm.Peers[0].IsClosed);
        Assert.False(comparing.IsCompleted);
        swarm.Peers.Clear();
        swarm.With(new SwarmPeer(_content, 2));
        download.Dispose();

        Assert.Equal((Size - Block, 0, 0, Block), Numbers(await comparing.WaitAsync(TimeSpan.FromSeconds(30))));
    }

    [Fact]
    public async Task A_download_has_the_sources_for_itself_while_it_runs()
    {
        await WriteAsync(Changed(0));
        var swarm = Swarm(_content, peers: 0).With(new SwarmPeer(_content, 1) { SendsNoBlocks = true });
        var download = new DownloadList(swarm.Dependencies).Start(swarm.Request);
        await swarm.Peers[0].Requested;
        var lookUps = swarm.LookUps;

        var comparing = CompareAsync(swarm);
        Assert.Equal(lookUps, swarm.LookUps);
        swarm.Peers.Clear();
        swarm.With(new SwarmPeer(_content, 2));
        await download.StopAsync();

        Assert.Equal(Block, (await comparing.WaitAsync(TimeSpan.FromSeconds(30))).BytesToFetch);
    }

    [Fact]
    public async Task Of_too_many_ranges_the_first_are_kept_and_the_numbers_are_right()
    {
        await WriteAsync(Changed([.. Enumerable.Range(0, 120).Select(i => 2 * i)]));

        var comparison = await CompareAsync(Swarm(_content), maxRanges: 75);

        Assert.Equal((Size - 120 * Block, 0, 0, 120 * Block), Numbers(comparison));
        Assert.True(comparison.IsCut);
        Assert.Equal(Enumerable.Range(0, comparison.Ranges.Count).Select(i => (long)i * Block), comparison.Ranges.Select(range => range.Offset));
        Assert.InRange(comparison.Ranges.Count, 10, 75);
        Assert.Empty((await CompareAsync(Swarm(_content), maxRanges: 0)).Ranges);
    }

    [Fact]
    public async Task A_source_that_lies_is_left_for_another_one()
    {
        await WriteAsync(Changed(0, 70));
        var swarm = Swarm(_content, peers: 0).With(
            new SwarmPeer(_content, 1) { SendsWrongTrees = true }, new SwarmPeer(_content, 2) { SendsWrongLayer = true }, new SwarmPeer(_content, 3));

        var comparison = await CompareAsync(swarm);

        Assert.Equal((Size - 2 * Block, 0, 0, 2 * Block), Numbers(comparison));
    }

    [Fact]
    public async Task A_comparison_that_is_cancelled_ends()
    {
        await WriteAsync(Changed(0));
        using var stop = new CancellationTokenSource();
        var swarm = Swarm(_content, peers: 0).With(new SwarmPeer(_content, 1) { SendsNoTrees = true });
        var comparing = CompareAsync(swarm, cancellationToken: stop.Token);
        await Eventually.HoldsAsync(() => swarm.Peers[0].TreeRequests > 0, "its tree is asked for");

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => comparing.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.True(swarm.Peers[0].IsClosed);
    }

    [Fact]
    public async Task The_numbers_add_up_and_are_those_of_the_download()
    {
        var seeded = new SeededRandom();
        await seeded.RunAsync(async () =>
        {
            for (var round = 0; round < 24; round++)
            {
                var content = new TestContent(RandomBytes(seeded.Random, seeded.Random.Next(70_000, 3 * MiB)), 64 * KiB << seeded.Random.Next(3));
                await WriteAsync(Edit(seeded.Random, content.Bytes));
                var withMap = seeded.Random.Next(2) == 1;

                var comparison = await CompareAsync(Swarm(content, withMap: withMap));

                Assert.Equal(content.Bytes.Length, comparison.BytesEqual + comparison.BytesMoved + comparison.BytesZero + comparison.BytesToFetch);
                await AssertTrueAsync(comparison, content);
                var swarm = Swarm(content, withMap: withMap);
                var progress = (await swarm.RunAsync()).Progress;
                Assert.Equal(content.Bytes, swarm.Part.Finished);
                // Holes smaller than a piece are found by samples, and what is fetched before is not zero to a download.
                if (!HasZeroBlock(content.Bytes))
                {
                    Assert.Equal(
                        (progress.BytesReused + progress.BytesZero, progress.BytesFetched),
                        (comparison.BytesEqual + comparison.BytesMoved + comparison.BytesZero, comparison.BytesToFetch));
                }
            }
        });
    }

    private static bool HasZeroBlock(byte[] bytes) => bytes.Chunk(PieceLength.Block).Any(block => !block.AsSpan().ContainsAnyExcept((byte)0));

    private string Local => _folder.Combine("data.bin");

    private static (long Equal, long Moved, long Zero, long ToFetch) Numbers(ContentComparison comparison) =>
        (comparison.BytesEqual, comparison.BytesMoved, comparison.BytesZero, comparison.BytesToFetch);

    private static byte[] RandomBytes(Random random, int size)
    {
        var bytes = new byte[size];
        random.NextBytes(bytes);
        for (var hole = random.Next(4); hole > 0; hole--)
        {
            var begin = random.Next(size);
            bytes.AsSpan(begin, Math.Min(size - begin, random.Next(400_000))).Clear();
        }

        return bytes;
    }

    // Inserted, removed, changed, swapped and cut.
    private static byte[] Edit(Random random, byte[] bytes)
    {
        for (var edits = random.Next(4); edits > 0; edits--)
        {
            var at = random.Next(bytes.Length);
            var (before, behind) = (bytes.AsMemory(0, at), bytes.AsMemory(at));
            bytes = random.Next(6) switch
            {
                0 => [.. before.Span, 1, 2, 3, .. behind.Span],
                1 => [.. before.Span, .. behind.Span[Math.Min(behind.Length, 5000)..], 0],
                2 => [.. behind.Span, .. before.Span],
                3 => [.. before.Span, (byte)(bytes[at] ^ 1), .. behind.Span[1..]],
                4 when at > 0 => before.ToArray(),
                _ => [.. before.Span, 7],
            };
        }

        return bytes;
    }

    // Ranges follow each other, the numbers are their sums, and each says the truth about the bytes.
    private static async Task AssertTrueAsync(ContentComparison comparison, TestContent content)
    {
        Assert.Equal([0, .. comparison.Ranges.Select(range => range.Offset + range.Length)], [.. comparison.Ranges.Select(range => range.Offset), content.Bytes.Length]);
        long Sum(ComparedKind kind) => comparison.Ranges.Where(range => range.Kind == kind).Sum(range => range.Length);
        Assert.Equal((Sum(ComparedKind.Equal), Sum(ComparedKind.Moved), Sum(ComparedKind.Zero), Sum(ComparedKind.ToFetch)), Numbers(comparison));
        foreach (var range in comparison.Ranges)
        {
            var bytes = content.Bytes.AsMemory((int)range.Offset, (int)range.Length);
            Assert.False(range.Kind == ComparedKind.Zero && bytes.Span.ContainsAnyExcept((byte)0));
            if (range.Path is not null)
            {
                var file = await File.ReadAllBytesAsync(range.Path);
                Assert.True(bytes.Span.SequenceEqual(file.AsSpan((int)range.PathOffset, bytes.Length)), $"{range} is not in the file.");
            }
        }
    }

    private FakeSwarm Swarm(TestContent content, bool withMap = false, int peers = 1, FakeContents? contents = null)
    {
        var swarm = new FakeSwarm(content, _clock, contents)
        {
            Request = new DownloadRequest(TestIds.Group("dev"), "data.bin", content.Description, Local, Overwrite: true),
        };
        var map = withMap ? content.MakeMap() : null;
        return swarm.With([.. Enumerable.Range(1, peers).Select(number => new SwarmPeer(content, number) { Map = map })]);
    }

    private async Task<ContentComparison> CompareAsync(
        FakeSwarm swarm, int maxRanges = ContentComparison.MaxRanges, bool hashes = true, CancellationToken cancellationToken = default)
    {
        var content = swarm.Content.Description;
        var hashed = hashes && File.Exists(Local) && new FileInfo(Local).Length == content.Size
            ? await FileHasher.HashAsync(Local, null, _ => content.PieceLength, null, TimeProvider.System, cancellationToken)
            : null;
        return await ContentComparer.CompareAsync(swarm.Dependencies, swarm.Request, hashed, maxRanges, null, cancellationToken);
    }

    private async Task<OfferedContent> OfferAsync(string path) => new(
        new SharedContent(await FileHasher.HashAsync(path, null, _ => _content.Description.PieceLength, null, TimeProvider.System, CancellationToken.None), _clock), _clock);

    private Task WriteAsync(byte[] bytes) => File.WriteAllBytesAsync(Local, bytes);

    private string Write(string name, byte[] bytes)
    {
        File.WriteAllBytes(_folder.Combine(name), bytes);
        return _folder.Combine(name);
    }

    private byte[] Changed(params int[] blocks)
    {
        var bytes = _content.Bytes.ToArray();
        Array.ForEach(blocks, block => bytes[block * Block] ^= 1);
        return bytes;
    }
}
