using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Downloading;
using static P2PShare.Unit.Transfer.Downloading.TestContent;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class BulkConnectionsTests
{
    private const double FastFrom = 64 * MiB;

    [Theory]
    [InlineData(63 * MiB, 0)]
    [InlineData(65 * MiB, 2)]
    [InlineData(2000.0 * MiB, 2)]
    public void A_near_source_gets_two_if_it_is_fast_whatever_is_lost(double bytesPerSecond, int count)
    {
        Assert.Equal(count, BulkConnections.GetCount(null, bytesPerSecond, FastFrom, peers: 1));
        Assert.Equal(count, BulkConnections.GetCount(Path(milliseconds: 9.9, outOfOrder: 0.5), bytesPerSecond, FastFrom, peers: 1));
    }

    [Theory]
    // Less than a mebibyte in flight: 20 ms at 49 MiB/s.
    [InlineData(20, 49 * MiB, 0)]
    [InlineData(20, 51 * MiB, 1)]
    // 1 Gbit/s.
    [InlineData(50, 119 * MiB, 5)]
    [InlineData(100, 119 * MiB, 7)]
    // A line of 100 Mbit/s needs no more than one.
    [InlineData(50, 12 * MiB, 0)]
    public void A_far_source_has_one_for_each_mebibyte_in_flight(double milliseconds, double bytesPerSecond, int count) =>
        Assert.Equal(count, BulkConnections.GetCount(Path(milliseconds), bytesPerSecond, FastFrom, peers: 1));

    [Theory]
    [InlineData(0.009, 1.0, 0)]
    [InlineData(0.011, 1.0, 7)]
    [InlineData(0.011, 1.49, 7)]
    // Packets wait: the line is full, and loses packets for that.
    [InlineData(0.5, 1.5, 0)]
    public void A_far_source_has_eight_with_the_first_if_packets_are_lost_on_a_line_that_is_not_full(double outOfOrder, double waiting, int count) =>
        Assert.Equal(count, BulkConnections.GetCount(Path(50, outOfOrder, waiting), 100 * KiB, FastFrom, peers: 1));

    [Theory]
    [InlineData(2, 3)]
    [InlineData(3, 1)]
    [InlineData(4, 1)]
    [InlineData(5, 0)]
    [InlineData(16, 0)]
    public void Far_sources_share_eight(int peers, int count) =>
        Assert.Equal(count, BulkConnections.GetCount(Path(50, outOfOrder: 0.1), 10 * MiB, FastFrom, peers));

    [Fact]
    public void A_far_source_that_is_fast_gets_what_a_near_one_gets_at_least() =>
        Assert.Equal(2, BulkConnections.GetCount(Path(10), 65 * MiB, FastFrom, peers: 16));

    private static TcpPath Path(double milliseconds, double outOfOrder = 0, double waiting = 1) =>
        new(TimeSpan.FromMilliseconds(milliseconds * waiting), TimeSpan.FromMilliseconds(milliseconds), outOfOrder);
}
