using Microsoft.Extensions.Time.Testing;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Unit.TrackerHost;

public sealed class RecentResultsTests
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _clock = new();
    private readonly RecentResults<int, string> _reads;

    public RecentResultsTests() => _reads = new RecentResults<int, string>(Lifetime, capacity: 10, _clock);

    [Fact]
    public void A_value_is_returned_for_at_least_a_lifetime_and_less_than_two()
    {
        _clock.Advance(Lifetime / 2);
        _reads.Add(1, "one", 1);
        _clock.Advance(Lifetime);
        Assert.True(_reads.TryGet(1, out var value));
        Assert.Equal("one", value);
        _clock.Advance(Lifetime);
        Assert.False(_reads.TryGet(1, out _));
    }

    [Fact]
    public void Nothing_is_returned_after_a_time_without_requests()
    {
        _reads.Add(1, "one", 1);
        _clock.Advance(10 * Lifetime);
        Assert.False(_reads.TryGet(1, out _));
        Assert.False(_reads.TryGet(1, out _));
    }

    [Fact]
    public void What_is_kept_has_a_bound()
    {
        for (var i = 0; i < 1000; i++)
        {
            _reads.Add(i, "value", 3);
        }

        Assert.InRange(Enumerable.Range(0, 1000).Count(i => _reads.TryGet(i, out _)), 1, 6);
        _reads.Add(5000, "too large", 11);
        Assert.False(_reads.TryGet(5000, out _));
    }
}
