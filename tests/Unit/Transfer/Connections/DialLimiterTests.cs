using System.Net;
using Microsoft.Extensions.Time.Testing;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

public sealed class DialLimiterTests
{
    private static readonly IPAddress Victim = IPAddress.Parse("192.0.2.1");

    private readonly FakeTimeProvider _clock = new();
    private readonly DialLimiter _limiter;

    public DialLimiterTests() => _limiter = new DialLimiter(_clock);

    [Fact]
    public void An_address_is_dialled_so_often_in_a_second_and_others_are_not_held_up()
    {
        Assert.Equal(DialLimiter.Burst, Count(Victim));
        Assert.True(_limiter.TryDial(IPAddress.Parse("192.0.2.2")));
        Assert.False(_limiter.TryDial(Victim.MapToIPv6()));

        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(DialLimiter.PerSecond, Count(Victim));
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(DialLimiter.Burst, Count(Victim));
    }

    [Fact]
    public void Ports_and_hosts_of_one_IPv6_network_count_as_one_address()
    {
        for (var i = 0; i < DialLimiter.Burst; i++)
        {
            Assert.True(_limiter.TryDial(IPAddress.Parse($"2001:db8::{i:x}")));
        }

        Assert.False(_limiter.TryDial(IPAddress.Parse("2001:db8::ffff")));
    }

    [Fact]
    public void The_addresses_that_it_keeps_are_bounded()
    {
        Assert.Equal(1024, Enumerable.Range(1, 2000).Count(i => _limiter.TryDial(new IPAddress(i))));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_limiter.TryDial(new IPAddress(5000)));
    }

    private int Count(IPAddress address)
    {
        var count = 0;
        while (_limiter.TryDial(address))
        {
            count++;
        }

        return count;
    }
}
