using P2PShare.Transfer.Downloading;
using static P2PShare.Unit.Transfer.Downloading.TestContent;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class RequestWindowTests
{
    [Theory]
    // A source of unknown speed gets its share of a mebibyte, and two requests at least.
    [InlineData(256 * KiB, 0, 0, MiB)]
    [InlineData(256 * KiB, 0, 1, MiB)]
    [InlineData(256 * KiB, 0, 2, 512 * KiB)]
    [InlineData(256 * KiB, 0, 16, 512 * KiB)]
    [InlineData(64 * KiB, 0, 4, 256 * KiB)]
    [InlineData(64 * KiB, 0, 16, 128 * KiB)]
    // A fast one gets half a second.
    [InlineData(256 * KiB, 8 * MiB, 1, 4 * MiB)]
    [InlineData(256 * KiB, 8 * MiB, 16, 4 * MiB)]
    [InlineData(256 * KiB, 1 * MiB, 1, MiB)]
    // And no more than the maximum.
    [InlineData(256 * KiB, 1e12, 1, 16 * MiB)]
    public void It_is_half_a_second_within_bounds(int requestLength, double bytesPerSecond, int sources, long bytes) =>
        Assert.Equal(bytes, new RequestWindow(requestLength).GetSize(bytesPerSecond, sources));
}
