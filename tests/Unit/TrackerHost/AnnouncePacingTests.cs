using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Peers;

namespace P2PShare.Unit.TrackerHost;

/// <summary>When peers are told to announce next.</summary>
public sealed class AnnouncePacingTests
{
    private static readonly PeerOptions Options = new() { AnnounceInterval = TimeSpan.FromSeconds(60) };

    [Theory]
    [InlineData(0, 49, 60)]
    [InlineData(AnnouncePacing.Relaxed, 49, 60)]
    [InlineData((AnnouncePacing.Relaxed + AnnouncePacing.Overloaded) / 2, 61, 75)]
    [InlineData(AnnouncePacing.Overloaded, 73, 90)]
    [InlineData(int.MaxValue, 73, 90)]
    public void A_heartbeat_is_due_within_the_last_fifth_of_an_interval_that_grows_with_the_load(int inWork, int earliest, int latest)
    {
        var times = Choose(isFull: false, inWork);

        Assert.Equal((earliest, latest), (times.Min(), times.Max()));
    }

    [Fact]
    public void Peers_that_come_together_are_spread_over_the_whole_interval()
    {
        var times = Choose(isFull: true, inWork: 0);

        // 54 different seconds, and none of them much more often than the others.
        Assert.Equal((7, 60), (times.Min(), times.Max()));
        Assert.InRange(times.GroupBy(time => time).Max(same => same.Count()), 1, 2 * times.Count / 54);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(60)]
    [InlineData(3600)]
    public void What_a_peer_is_told_at_most_is_half_of_the_time_after_which_it_is_offline_and_it_is_not_late_before(int interval)
    {
        var options = new PeerOptions { AnnounceInterval = TimeSpan.FromSeconds(interval) };
        var now = DateTimeOffset.UnixEpoch.AddDays(1000);
        var (late, offline) = (now.ToUnixTimeSeconds() - options.OnTimeSince(now), now.ToUnixTimeSeconds() - options.OnlineSince(now));

        var longest = Choose(isFull: false, int.MaxValue, options).Concat(Choose(isFull: true, int.MaxValue, options)).Max();

        Assert.InRange(longest, 1, offline / 2.0);
        Assert.True(longest < late, $"{longest} seconds, and late after {late}.");
        Assert.True(late < offline);
    }

    private static List<int> Choose(bool isFull, int inWork, PeerOptions? options = null)
    {
        var pacing = new AnnouncePacing(options ?? Options, new Random(1));
        return [.. Enumerable.Range(0, 5400).Select(_ => pacing.ChooseSeconds(isFull, inWork))];
    }
}
