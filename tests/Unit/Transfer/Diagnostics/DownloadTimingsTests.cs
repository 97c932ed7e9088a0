using Microsoft.Extensions.Time.Testing;
using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Unit.Transfer.Diagnostics;

public sealed class DownloadTimingsTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void Time_without_sources_is_waiting_until_one_is_there()
    {
        var timings = new DownloadTimings(_clock);
        Pass(2);
        Assert.Equal(TimeSpan.FromSeconds(2), timings.Times.WaitingForSources);
        timings.HasSources(true);
        Pass(3);
        timings.HasSources(false);
        Pass(4);
        timings.HasSources(false);
        timings.HasSources(true);
        Pass(5);

        Assert.Equal(TimeSpan.FromSeconds(6), timings.Times.WaitingForSources);
        Assert.Equal(TimeSpan.FromSeconds(14), timings.Times.Total);
    }

    [Fact]
    public void Each_part_has_its_own_sum()
    {
        var timings = new DownloadTimings(_clock);
        var started = _clock.GetTimestamp();
        Pass(1);
        timings.AddNetwork(started);
        timings.AddHashing(started);
        Pass(1);
        timings.AddHashing(started);
        timings.AddDisk(started);

        var times = timings.Times;
        Assert.Equal((1, 3, 2), (times.Network.TotalSeconds, times.Hashing.TotalSeconds, times.Disk.TotalSeconds));
    }

    [Fact]
    public void The_total_stands_still_after_the_end()
    {
        var timings = new DownloadTimings(_clock);
        Pass(1);
        timings.End();
        Pass(5);
        Assert.Equal(TimeSpan.FromSeconds(1), timings.Times.Total);
    }

    private void Pass(int seconds) => _clock.Advance(TimeSpan.FromSeconds(seconds));
}
