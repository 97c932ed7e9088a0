using FsCheck;
using FsCheck.Xunit;
using P2PShare.Protocol.Content;

namespace P2PShare.Unit.Protocol;

public class BitfieldTests
{
    [Fact]
    public void Piece_0_is_the_highest_bit_of_the_first_byte()
    {
        var field = new Bitfield(10);
        field.Set(0);
        field.Set(9);
        Assert.Equal([0x80, 0x40], field.Bytes.ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(16)]
    [InlineData(1000)]
    public void A_full_one_leaves_its_spare_bits_zero_and_comes_back_from_the_wire(int length)
    {
        var field = new Bitfield(length);
        field.SetAll();
        Assert.True(field.IsComplete);
        var read = Bitfield.FromBytes(field.Bytes, length);
        Assert.Equal(length, read.Count);
        Assert.True(read.IsComplete);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(9)]
    public void A_spare_bit_that_is_set_is_refused(int length)
    {
        var bytes = new byte[Bitfield.ByteCount(length)];
        for (var bit = length; bit < bytes.Length * 8; bit++)
        {
            Array.Clear(bytes);
            bytes[bit / 8] = (byte)(0x80 >> (bit % 8));
            Assert.Throws<FormatException>(() => Bitfield.FromBytes(bytes, length));
        }
    }

    [Theory]
    [InlineData(8, 0)]
    [InlineData(8, 2)]
    [InlineData(9, 1)]
    [InlineData(0, 1)]
    public void Another_number_of_bytes_is_refused(int length, int bytes) =>
        Assert.Throws<FormatException>(() => Bitfield.FromBytes(new byte[bytes], length));

    [Theory]
    [InlineData(-1)]
    [InlineData(10)]
    [InlineData(15)]
    public void A_piece_beyond_the_content_is_refused(int index)
    {
        var field = new Bitfield(10);
        Assert.Throws<ArgumentOutOfRangeException>(() => field[index]);
        Assert.Throws<ArgumentOutOfRangeException>(() => field.Set(index));
        Assert.Throws<ArgumentOutOfRangeException>(() => field.Clear(index));
    }

    [Fact]
    public void A_clone_goes_its_own_way()
    {
        var field = new Bitfield(3);
        field.Set(1);
        var clone = field.Clone();
        clone.Set(2);
        Assert.False(field[2]);
        Assert.Equal((1, 2), (field.Count, clone.Count));
    }

    [Property]
    public void Behaves_as_a_set_of_numbers(PositiveInt length, int[] steps)
    {
        var field = new Bitfield(length.Get);
        var model = new HashSet<int>();
        foreach (var step in steps)
        {
            var index = (step & int.MaxValue) % length.Get;
            if (step < 0)
            {
                field.Clear(index);
                model.Remove(index);
            }
            else
            {
                Assert.Equal(model.Add(index), field.Set(index));
            }
        }

        CheckSame(model, field);
        CheckSame(model, Bitfield.FromBytes(field.Bytes, field.Length));
    }

    private static void CheckSame(HashSet<int> model, Bitfield field)
    {
        Assert.Equal(model.Count, field.Count);
        Assert.Equal(model.Count == field.Length, field.IsComplete);
        Assert.Equal(model.Order(), Enumerable.Range(0, field.Length).Where(i => field[i]));
    }
}
