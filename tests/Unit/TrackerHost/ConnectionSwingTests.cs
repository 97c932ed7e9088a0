using P2PShare.TrackerHost.Http;

namespace P2PShare.Unit.TrackerHost;

/// <summary>When memory is given back.</summary>
public sealed class ConnectionSwingTests
{
    private readonly ConnectionSwing _swing = new();
    private TimeSpan _now = TimeSpan.Zero;
    private TimeSpan _step = TimeSpan.FromSeconds(5);

    [Fact]
    public void It_is_once_when_a_herd_has_come_and_once_when_it_has_gone() =>
        Assert.Equal(
            [false, false, false, true, false, false, false, false, true, false],
            Observe(0, 5000, 12_000, 12_010, 12_000, 11_990, 3000, 10, 10, 0));

    [Fact]
    public void It_is_not_while_connections_come_and_go() =>
        Assert.DoesNotContain(true, Observe([.. Enumerable.Range(0, 100).Select(i => 500 * i)]));

    [Fact]
    public void It_is_not_for_few() => Assert.DoesNotContain(true, Observe(0, 999, 999, 999, 0, 0));

    [Fact]
    public void It_is_not_for_a_small_part_of_many() =>
        Assert.Equal([false, true, false, false, false, true], Observe(40_000, 40_000, 45_000, 45_000, 50_500, 50_500));

    [Theory]
    // A day of the attack: up and down every 20 seconds. The pause is 20 seconds, or 50 times what the last collection took.
    [InlineData(0.1, 4320)]
    [InlineData(1, 1700)]
    [InlineData(12, 142)]
    public void One_who_opens_and_closes_many_again_and_again_causes_few_collections(double seconds, int most)
    {
        var (swing, took, now, times) = (new ConnectionSwing(), TimeSpan.FromSeconds(seconds), TimeSpan.Zero, new List<TimeSpan>());
        for (var i = 0; now < TimeSpan.FromDays(1); i++)
        {
            // Ten seconds each, observed twice.
            if (swing.Observe(i / 2 % 2 == 0 ? 1500 : 0, now))
            {
                times.Add(now);
                now += took;
                swing.Released(now, took);
            }

            now += TimeSpan.FromSeconds(5);
        }

        Assert.InRange(times.Count, 2, most);
        Assert.All(times.Zip(times.Skip(1)), pair => Assert.True(
            pair.Second - pair.First >= took + ConnectionSwing.LeastPause && pair.Second - pair.First >= took * (1 + ConnectionSwing.PauseFactor)));
    }

    [Fact]
    public void What_a_herd_left_during_the_pause_is_given_back_after_it()
    {
        Assert.Equal([false, true], Observe(5000, 5000));
        _swing.Released(_now, TimeSpan.FromSeconds(1));
        _step = TimeSpan.FromSeconds(10);

        Assert.Equal([false, false, false, false, true], Observe(0, 0, 0, 0, 0));
    }

    private bool[] Observe(params int[] open) => [.. open.Select(one => _swing.Observe(one, _now += _step))];
}
