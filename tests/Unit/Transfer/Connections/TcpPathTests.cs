using System.Buffers.Binary;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

public sealed class TcpPathTests
{
    private readonly byte[] _info = new byte[228];

    [Fact]
    public void Times_are_microseconds_and_loss_is_a_share_of_the_segments()
    {
        Set(68, 70_000);
        Set(148, 50_000);
        Set(152, 2000);
        Set(224, 30);

        Assert.Equal(new TcpPath(TimeSpan.FromMilliseconds(70), TimeSpan.FromMilliseconds(50), 0.015), TcpPath.Parse(_info));
        Assert.True(TcpPath.Parse(_info)!.Value.IsFar);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(699, 300)]
    public void Before_a_megabyte_has_arrived_nothing_counts_as_out_of_order(uint segments, uint outOfOrder)
    {
        Set(68, 100);
        Set(148, 90);
        Set(152, segments);
        Set(224, outOfOrder);

        Assert.Equal(0, TcpPath.Parse(_info)!.Value.OutOfOrder);
        Assert.False(TcpPath.Parse(_info)!.Value.IsFar);
    }

    [Theory]
    [InlineData(0, 50)]
    [InlineData(50, uint.MaxValue)]
    public void What_was_not_measured_is_not_known(uint roundTrip, uint least)
    {
        Set(68, roundTrip);
        Set(148, least);

        Assert.Null(TcpPath.Parse(_info));
    }

    private void Set(int offset, uint value)
    {
        if (BitConverter.IsLittleEndian)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(_info.AsSpan(offset), value);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(_info.AsSpan(offset), value);
        }
    }
}
