using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;

namespace P2PShare.Unit.Protocol;

public sealed class ChunkMapTests
{
    private static readonly Hash256 Root = Hash256.Compute([1]);

    [Fact]
    public void What_is_written_is_read_again()
    {
        (int Length, UInt128 Hash)[] chunks = [(ChunkLength.Min, 1), (ChunkLength.Max, UInt128.MaxValue), (1, 0)];

        var map = Make(chunks);
        var read = ChunkMap.Decode(map.Bytes.ToArray(), ContentOf(map.Size));

        Assert.Equal(chunks, Enumerable.Range(0, read.Count).Select(index => (read.LengthOf(index), read.HashOf(index))));
        Assert.Equal((Root, ChunkLength.Min + ChunkLength.Max + 1L), (read.PiecesRoot, read.Size));
        Assert.Equal(ChunkMap.HeaderLength + 3 * ChunkMap.EntryLength, map.Bytes.Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(ChunkMap.HeaderLength)]
    [InlineData(ChunkMap.HeaderLength + ChunkMap.EntryLength - 1)]
    [InlineData(ChunkMap.HeaderLength + ChunkMap.EntryLength)]
    [InlineData(ChunkMap.HeaderLength + 33 * ChunkMap.EntryLength)]
    [InlineData(ChunkMap.MaxLength + ChunkMap.EntryLength)]
    [InlineData(long.MaxValue)]
    public void A_length_that_no_map_of_the_content_has_is_refused_before_it_is_read(long length) =>
        // 128 KiB are 2 to 32 chunks.
        Assert.False(ChunkMap.CanHaveLength(length, 128 * 1024));

    [Fact]
    public void A_map_is_of_one_content()
    {
        var map = Make((ChunkLength.Max, 1), (ChunkLength.Max, 2));
        var bytes = map.Bytes.ToArray();

        Assert.Throws<FormatException>(() => ChunkMap.Decode(bytes, ContentOf(map.Size) with { PiecesRoot = Hash256.Compute([2]) }));
        Assert.Throws<FormatException>(() => ChunkMap.Decode(bytes, ContentOf(map.Size - 1)));
        Assert.Throws<FormatException>(() => ChunkMap.Decode(bytes, ContentOf(map.Size + 1)));
    }

    [Fact]
    public void A_chunk_that_is_too_short_is_refused_unless_it_is_the_last_one()
    {
        Make((ChunkLength.Max, 1), (ChunkLength.Min - 1, 2));

        Assert.Throws<FormatException>(() => Make((ChunkLength.Min - 1, 2), (ChunkLength.Max, 1)));
    }

    [Fact]
    public void Chunks_that_do_not_make_up_the_content_are_refused()
    {
        var bytes = Make((ChunkLength.Max, 1), (20_000, 2)).Bytes.ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(ChunkMap.HeaderLength + ChunkMap.EntryLength), 20_000);

        Assert.Contains("20001", Assert.Throws<FormatException>(() => ChunkMap.Decode(bytes, ContentOf(ChunkLength.Max + 20_000))).Message);
    }

    [Fact]
    public void A_map_that_would_be_too_long_is_not_made()
    {
        var writer = new ChunkMapWriter();
        var fit = 0;
        while (writer.TryAdd(ChunkLength.Min, 1))
        {
            fit++;
        }

        Assert.Equal((ChunkMap.MaxLength - ChunkMap.HeaderLength) / ChunkMap.EntryLength, fit);
    }

    [Fact]
    public void Whatever_is_changed_in_a_map_it_is_refused_or_still_one_of_the_content()
    {
        var random = new Random(3);
        var chunks = Enumerable.Range(0, 40).Select(_ => (random.Next(ChunkLength.Min, ChunkLength.Max + 1), (UInt128)random.NextInt64())).ToArray();
        var map = Make(chunks);
        var content = ContentOf(map.Size);
        var (refused, read) = (0, 0);
        var changes =
            from count in Gen.Choose(1, 6)
            from at in Gen.Choose(0, map.Bytes.Length - 1).ListOf(count)
            from value in Gen.Choose(0, 255).ListOf(count)
            from cut in Gen.Frequency((5, Gen.Constant(0)), (1, Gen.Choose(-40, 40)))
            select (At: at.ToArray(), Value: value.ToArray(), Cut: cut);
        Prop.ForAll(Arb.From(changes), change =>
        {
            var bytes = map.Bytes.ToArray();
            for (var i = 0; i < change.At.Length; i++)
            {
                bytes[change.At[i]] = (byte)change.Value[i];
            }

            Array.Resize(ref bytes, bytes.Length + change.Cut);
            try
            {
                var changed = ChunkMap.Decode(bytes, content);
                read++;
                Assert.Equal(content.Size, Enumerable.Range(0, changed.Count).Sum(index => (long)changed.LengthOf(index)));
            }
            catch (FormatException)
            {
                refused++;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(5_000).WithQuietOnSuccess(true));

        // Either way is taken often.
        Assert.True(refused > 500 && read > 500, $"{refused} refused, {read} read");
    }

    private static ContentDescription ContentOf(long size) => new(size, PieceLength.For(size), Root);

    private static ChunkMap Make(params (int Length, UInt128 Hash)[] chunks)
    {
        var writer = new ChunkMapWriter();
        foreach (var (length, hash) in chunks)
        {
            Assert.True(writer.TryAdd(length, hash));
        }

        return writer.Finish(ContentOf(chunks.Sum(chunk => (long)chunk.Length)));
    }
}
