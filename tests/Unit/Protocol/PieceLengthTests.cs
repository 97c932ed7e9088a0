using FsCheck.Xunit;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;

namespace P2PShare.Unit.Protocol;

public class PieceLengthTests
{
    private const long KiB = 1024;
    private const long MiB = 1024 * KiB;
    private const long GiB = 1024 * MiB;
    private static readonly Hash256 Root = Hash256.Compute([1]);

    [Theory]
    [InlineData(0, 64 * KiB)]
    [InlineData(1, 64 * KiB)]
    [InlineData(64 * MiB, 64 * KiB)]
    [InlineData(64 * MiB + 1, 128 * KiB)]
    [InlineData(256 * MiB, 256 * KiB)]
    [InlineData(1 * GiB, 1 * MiB)]
    [InlineData(8 * GiB, 8 * MiB)]
    [InlineData(8 * GiB + 1, 16 * MiB)]
    [InlineData(1024 * GiB, 16 * MiB)]
    [InlineData(PieceLength.MaxContentSize, 16 * MiB)]
    public void Grows_with_the_content(long size, long expected) => Assert.Equal(expected, PieceLength.For(size));

    [Fact]
    public void A_negative_size_has_no_piece_length() => Assert.Throws<ArgumentOutOfRangeException>(() => PieceLength.For(-1));

    [Property]
    public void What_is_chosen_describes_a_content_within_the_limits(long seed)
    {
        var size = (seed & long.MaxValue) % (PieceLength.MaxContentSize + 1);
        var length = PieceLength.For(size);
        Assert.True(PieceLength.IsValid(length));
        var count = PieceLength.Count(size, length);
        Assert.InRange(count, 0, length < PieceLength.Max ? 1024 : 1 << 20);
        Assert.Null(new ContentDescription(size, length, size == 0 ? null : Root).FindProblem());
        if (count > 0)
        {
            Assert.Equal(size, (long)(count - 1) * length + PieceLength.SizeOf(size, length, count - 1));
        }
    }

    [Theory]
    [InlineData(16 * 1024, true)]
    [InlineData(32 * 1024, true)]
    [InlineData(16 * 1024 * 1024, true)]
    [InlineData(8 * 1024, false)]
    [InlineData(16 * 1024 + 1, false)]
    [InlineData(48 * 1024, false)]
    [InlineData(32 * 1024 * 1024, false)]
    [InlineData(0, false)]
    [InlineData(int.MinValue, false)]
    public void Is_a_power_of_two_from_a_block_to_16_MiB(int length, bool valid) => Assert.Equal(valid, PieceLength.IsValid(length));

    [Fact]
    public void Every_piece_but_the_last_is_whole()
    {
        var content = new ContentDescription(2 * 65536 + 5, 65536, Root);
        Assert.Equal(3, content.PieceCount);
        Assert.Equal([65536, 65536, 5], Enumerable.Range(0, 3).Select(content.PieceSize));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(3)]
    [InlineData(int.MaxValue)]
    public void A_piece_that_is_not_there_has_no_size(int index)
    {
        var content = new ContentDescription(2 * 65536 + 5, 65536, Root);
        Assert.Throws<ArgumentOutOfRangeException>(() => content.PieceSize(index));
    }

    [Theory]
    [InlineData(-1, 65536, true, "0 to")]
    [InlineData(long.MinValue, 65536, true, "0 to")]
    [InlineData(PieceLength.MaxContentSize + 1, 16 * 1024 * 1024, true, "0 to")]
    [InlineData(long.MaxValue, 16 * 1024 * 1024, true, "0 to")]
    [InlineData(100, 65535, true, "power of two")]
    [InlineData(100, 0, true, "power of two")]
    [InlineData(100, -65536, true, "power of two")]
    [InlineData(((long)16384 << 20) + 1, 16384, true, "too small for")]
    [InlineData(0, 65536, true, "no pieces root")]
    [InlineData(100, 65536, false, "no pieces root")]
    public void Numbers_that_describe_no_content_are_refused_with_the_reason(long size, int pieceLength, bool hasRoot, string reason) =>
        Assert.Contains(reason, new ContentDescription(size, pieceLength, hasRoot ? Root : null).FindProblem(), StringComparison.Ordinal);

    [Theory]
    [InlineData(0, 65536)]
    [InlineData(1, 16384)]
    [InlineData((long)16384 << 20, 16384)]
    [InlineData(PieceLength.MaxContentSize, PieceLength.Max)]
    public void Numbers_that_describe_a_content_are_accepted(long size, int pieceLength)
    {
        var content = new ContentDescription(size, pieceLength, size == 0 ? null : Root);
        Assert.Null(content.FindProblem());
        Assert.InRange(content.PieceCount, 0, 1 << 20);
    }
}
