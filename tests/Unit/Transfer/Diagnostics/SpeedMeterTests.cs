using Microsoft.Extensions.Time.Testing;
using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Unit.Transfer.Diagnostics;

public sealed class SpeedMeterTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly SpeedMeter _meter;

    public SpeedMeterTests() => _meter = new SpeedMeter(_clock);

    [Fact]
    public void Without_bytes_the_speed_is_zero()
    {
        Assert.Equal(0, _meter.BytesPerSecond);
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(0, _meter.BytesPerSecond);
    }

    [Fact]
    public void A_steady_stream_has_its_speed_soon_after_the_start()
    {
        foreach (var _ in Enumerable.Range(0, 10))
        {
            _clock.Advance(TimeSpan.FromMilliseconds(10));
            _meter.Add(1000);
        }

        Assert.InRange(_meter.BytesPerSecond, 98_000, 105_000);
        Assert.Equal(10_000, _meter.Total);
    }

    [Fact]
    public void The_speed_fades_to_a_third_in_three_seconds_of_silence()
    {
        Feed(seconds: 30, bytesPerTick: 1000);
        var before = _meter.BytesPerSecond;
        Assert.InRange(before, 9900, 10_300);

        _clock.Advance(TimeSpan.FromSeconds(3));

        Assert.InRange(_meter.BytesPerSecond / before, 0.36, 0.38);
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.InRange(_meter.BytesPerSecond, 0, 1);
    }

    [Fact]
    public void A_change_of_speed_shows_within_some_seconds()
    {
        Feed(seconds: 30, bytesPerTick: 1000);
        Feed(seconds: 10, bytesPerTick: 100);
        Assert.InRange(_meter.BytesPerSecond, 1000, 1500);
    }

    private void Feed(int seconds, long bytesPerTick)
    {
        for (var i = 0; i < seconds * 10; i++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            _meter.Add(bytesPerTick);
        }
    }
}
