using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Chunking;

namespace P2PShare.Unit.Transfer.Chunking;

public sealed class ChunkIndexTests
{
    [Fact]
    public void Chunks_of_one_hash_and_all_lengths_are_as_good_as_others()
    {
        var map = Make(Enumerable.Range(ChunkLength.Min, ChunkLength.Max - ChunkLength.Min + 1).Select(length => (length, (UInt128)7)));

        AssertFewSteps(map);
    }

    [Fact]
    public void Hashes_that_differ_only_in_their_highest_bits_are_as_good_as_others()
    {
        var map = Make(Enumerable.Range(0, 1 << 16).Select(n => (ChunkLength.Min, ((UInt128)(n >> 8) << 120) | ((UInt128)(n & 0xFF) << 56))));

        AssertFewSteps(map);
    }

    [Fact]
    public void It_is_not_made_once_it_is_cancelled() => Assert.ThrowsAny<OperationCanceledException>(
        () => ChunkIndex.TryMake(Make([(ChunkLength.Min, (UInt128)1)]), new CancellationToken(canceled: true)));

    private static void AssertFewSteps(ChunkMap map)
    {
        var index = ChunkIndex.TryMake(map, CancellationToken.None);

        Assert.NotNull(index);
        Assert.InRange(index.Steps, map.Count, 4L * map.Count);
        for (var (chunk, at) = (0, 0L); chunk < map.Count; at += map.LengthOf(chunk), chunk++)
        {
            Assert.False(index.IsComplete);
            index.Add(new FileChunk(at, map.LengthOf(chunk), map.HashOf(chunk)), 0);
        }

        Assert.True(index.IsComplete);
        Assert.Equal([new LocalRange(0, map.Size, 0, 0)], index.GetRanges());
    }

    private static ChunkMap Make(IEnumerable<(int Length, UInt128 Hash)> chunks)
    {
        var (writer, size) = (new ChunkMapWriter(), 0L);
        foreach (var (length, hash) in chunks)
        {
            Assert.True(writer.TryAdd(length, hash));
            size += length;
        }

        return writer.Finish(new ContentDescription(size, PieceLength.For(size), Hash256.Compute([1])));
    }
}
