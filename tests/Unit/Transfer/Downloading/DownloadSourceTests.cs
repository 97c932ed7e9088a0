using Microsoft.Extensions.Time.Testing;
using P2PShare.Transfer.Downloading;
using static P2PShare.Unit.Transfer.Downloading.TestContent;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class DownloadSourceTests
{
    private readonly SchedulerDriver _driver = new(Make(8 * MiB, MiB));

    private FakeTimeProvider Clock => _driver.Clock;

    [Fact]
    public void Before_its_bitfield_it_stalls_from_the_beginning()
    {
        var source = new DownloadSource(new FakeSource(1), Clock);
        Clock.Advance(TimeSpan.FromSeconds(7));

        Assert.Equal(TimeSpan.FromSeconds(7), source.StalledFor);
    }

    [Fact]
    public void It_stalls_only_while_something_is_pending()
    {
        var source = _driver.Add();
        Clock.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(TimeSpan.Zero, source.StalledFor);

        _driver.Take(source);
        Clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(TimeSpan.FromSeconds(3), source.StalledFor);

        ((FakeSource)source.Peer).PieceIdle = TimeSpan.FromSeconds(1);
        Assert.Equal(TimeSpan.FromSeconds(1), source.StalledFor);
    }

    [Theory]
    [InlineData(0.1, 5)]
    [InlineData(0.9, 6.6375)]
    [InlineData(60, 60)]
    public void It_may_stall_as_long_as_its_own_gaps_make_unlikely_within_bounds(double gapSeconds, double timeoutSeconds)
    {
        var source = _driver.Add();
        Assert.Equal(TimeSpan.FromSeconds(30), source.StallTimeout);
        for (var i = 0; i < 4; i++)
        {
            var range = _driver.Take(source);
            Clock.Advance(TimeSpan.FromSeconds(gapSeconds));
            _driver.Send(source, range);
        }

        // The gaps are equal, so that the deviation falls from gap / 2 by a quarter each time: 4 * (gap + 4 * gap / 2 * 0.75^3).
        Assert.Equal(timeoutSeconds, source.StallTimeout.TotalSeconds, 0.001);
        Assert.Equal(MiB, source.BytesReceived);
    }
}
