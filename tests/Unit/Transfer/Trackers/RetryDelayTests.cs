using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Trackers;

public sealed class RetryDelayTests
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Max = TimeSpan.FromSeconds(5);

    [Fact]
    public void Delays_are_random_up_to_a_bound_that_doubles()
    {
        var first = Enumerable.Range(0, 1000).Select(_ => new RetryDelay(First, Max).Next()).ToList();
        Assert.InRange(first.Average(delay => delay.TotalSeconds), 0.4, 0.6);
        Assert.InRange(first.Max(), TimeSpan.FromSeconds(0.9), First);

        var delays = new RetryDelay(First, Max);
        var later = Enumerable.Range(0, 1000).Select(_ => delays.Next()).Skip(3).ToList();
        Assert.InRange(later.Max(), TimeSpan.FromSeconds(4.5), Max);
        delays.Reset();
        Assert.InRange(delays.Next(), TimeSpan.Zero, First);
    }

    [Fact]
    public void The_bound_doubles_until_the_longest_delay()
    {
        var delays = new RetryDelay(First, Max, new FixedRandom(1 - 1e-9));

        Assert.Equal([1, 2, 4, 5, 5], Enumerable.Range(0, 5).Select(_ => Math.Round(delays.Next().TotalSeconds, 3)));
    }

    [Fact]
    public void It_is_fresh_until_the_first_failure_and_after_a_success()
    {
        var delays = new RetryDelay(First, Max);
        Assert.True(delays.IsFresh);
        delays.Next();
        Assert.False(delays.IsFresh);
        delays.Reset();
        Assert.True(delays.IsFresh);
    }

    [Fact]
    public void Any_number_of_failures_keeps_the_bound()
    {
        var delays = new RetryDelay(First, TimeSpan.MaxValue, new FixedRandom(1 - 1e-9));

        var delay = Enumerable.Range(0, 5000).Select(_ => delays.Next()).ToList()[^1];

        Assert.InRange(delay, TimeSpan.FromDays(1), TimeSpan.FromDays(14));
    }
}
