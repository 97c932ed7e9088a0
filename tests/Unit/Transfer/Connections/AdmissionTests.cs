using System.Net;
using P2PShare.Protocol;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

public sealed class AdmissionTests
{
    private static readonly IPAddress Crowded = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Other = IPAddress.Parse("192.0.2.2");

    private readonly Admission _admission = new(new ConnectionLimits { PerAddress = 10, HandshakesPerAddress = 3, PerUser = 5 });
    private readonly List<Arrival> _ended = [];
    private int _peers;

    [Fact]
    public void The_oldest_connection_of_an_address_without_hello_makes_room()
    {
        var first = Enter(Crowded);
        var others = Enumerable.Range(0, 9).Select(_ => Enter(Crowded)).ToArray();
        var elsewhere = Enter(Other);
        Assert.Empty(_ended);

        var newcomer = Enter(Crowded);

        Assert.Equal([first], _ended);
        Assert.True(TryGreet(newcomer, "bob"));
        Assert.True(TryGreet(elsewhere, "carol"));
        Assert.True(TryGreet(others[0], "dave"));
        Assert.False(TryGreet(first, "erin"));
    }

    [Fact]
    public void Silent_connections_from_thousands_of_addresses_take_no_place_of_peers_that_say_hello()
    {
        var kept = Enter(Other);
        Assert.True(TryGreet(kept, "bob"));
        for (var i = 0; i < 2050; i++)
        {
            Enter(new IPAddress(i + 1));
        }

        Assert.Equal(Admission.MaxUngreeted, _admission.UngreetedCount);
        Assert.True(TryGreet(Enter(Other), "carol"));
        Assert.DoesNotContain(kept, _ended);
        Assert.Equal(2050 + 1 - Admission.MaxUngreeted, _ended.Count);
    }

    [Fact]
    public void An_address_keeps_as_many_connections_with_hello_as_its_limit()
    {
        for (var i = 0; i < 10; i++)
        {
            Assert.True(TryGreet(Enter(Crowded), $"user{i}"));
        }

        Assert.False(TryGreet(Enter(Crowded), "late"));
        Assert.True(TryGreet(Enter(Other), "late"));
        Assert.Empty(_ended);
    }

    [Fact]
    public void A_full_address_still_lets_as_many_as_its_handshakes_say_hello()
    {
        var greeted = Enumerable.Range(0, 10).Select(_ => Enter(Crowded)).ToArray();
        Assert.All(greeted, (arrival, i) => Assert.True(TryGreet(arrival, $"user{i}")));

        var waiting = Enumerable.Range(0, 3).Select(_ => Enter(Crowded)).ToArray();
        Assert.Empty(_ended);
        Enter(Crowded);
        Assert.Equal([waiting[0]], _ended);

        _admission.Leave(greeted[0]);
        Assert.True(TryGreet(waiting[1], "late"));
    }

    [Fact]
    public void A_user_keeps_as_many_connections_as_its_limit_from_all_addresses()
    {
        for (var i = 0; i < 5; i++)
        {
            Assert.True(TryGreet(Enter(new IPAddress(i + 1)), "bob"));
        }

        Assert.False(TryGreet(Enter(Other), "bob"));
        Assert.True(TryGreet(Enter(Other), "carol"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_further_connection_of_a_peer_makes_room_for_the_first_of_another(bool isUserFull)
    {
        var (most, user) = isUserFull ? (5, "bob") : (10, null);
        var twice = Hash256.Compute([99]);
        var first = Enter(Crowded);
        var second = Enter(Crowded);
        Assert.True(_admission.TryGreet(first, TestIds.Of(user ?? "twice"), twice));
        Assert.True(_admission.TryGreet(second, TestIds.Of(user ?? "twice"), twice));
        for (var i = 2; i < most; i++)
        {
            Assert.True(TryGreet(Enter(Crowded), user ?? $"user{i}"));
        }

        var third = Enter(Crowded);
        Assert.False(_admission.TryGreet(third, TestIds.Of(user ?? "twice"), twice));
        Assert.Empty(_ended);
        Assert.True(TryGreet(Enter(Crowded), user ?? "late"));
        Assert.Equal([second], _ended);
        Assert.False(TryGreet(Enter(Crowded), user ?? "later"));
    }

    [Fact]
    public void A_second_hello_takes_no_second_place()
    {
        var arrival = Enter(Crowded);
        Assert.True(TryGreet(arrival, "bob"));
        Assert.True(TryGreet(arrival, "bob"));
        Assert.Equal(1, _admission.GreetedCount);

        _admission.Leave(arrival);
        _admission.Leave(arrival);
        Assert.Equal((0, 0), (_admission.GreetedCount, _admission.UngreetedCount));
    }

    [Fact]
    public void The_total_is_kept_by_those_that_said_hello_alone()
    {
        _admission.Limits = new ConnectionLimits { PerUser = 2048 };
        for (var i = 0; i < Admission.MaxGreeted; i++)
        {
            Assert.True(TryGreet(Enter(new IPAddress(i + 1)), "bob"));
        }

        Assert.False(TryGreet(Enter(Other), "carol"));
        Assert.Equal(Admission.MaxGreeted, _admission.GreetedCount);
    }

    [Fact]
    public void Places_are_given_back_whatever_the_order()
    {
        var random = new Random(7);
        var inside = new List<Arrival>();
        for (var step = 0; step < 20_000; step++)
        {
            switch (random.Next(3))
            {
                case 0:
                    var number = random.Next(1, 5);
                    inside.Add(Enter(random.Next(2) == 0 ? new IPAddress(number) : Network(number)));
                    break;
                case 1 when inside.Count > 0:
                    TryGreet(inside[random.Next(inside.Count)], $"user{random.Next(4)}");
                    break;
                case 2 when inside.Count > 0:
                    var leaving = inside[random.Next(inside.Count)];
                    inside.Remove(leaving);
                    _admission.Leave(leaving);
                    break;
            }

            inside.RemoveAll(_ended.Contains);
            _ended.Clear();
            Assert.Equal(inside.Count, _admission.GreetedCount + _admission.UngreetedCount);
            // Four users of five connections.
            Assert.InRange(_admission.GreetedCount, 0, 20);
        }

        inside.ForEach(_admission.Leave);
        Assert.Equal((0, 0), (_admission.GreetedCount, _admission.UngreetedCount));
    }

    [Fact]
    public void A_site_has_eight_times_the_connections_of_an_address()
    {
        // A user of its own each, from the 256 networks of a /56.
        for (var i = 0; i < 80; i++)
        {
            Assert.True(TryGreet(Enter(Network(i)), $"user{i}"));
        }

        var late = Enter(Network(200));
        Assert.False(TryGreet(late, "late"));
        Assert.True(TryGreet(Enter(Network(256)), "late"));
        _admission.Leave(late);

        // As many as the handshakes of eight addresses may still say hello.
        var waiting = Enumerable.Range(100, 24).Select(i => Enter(Network(i))).ToArray();
        Assert.Empty(_ended);
        Enter(Network(150));
        Assert.Equal([waiting[0]], _ended);
    }

    [Fact]
    public void The_silent_connections_of_one_site_end_none_of_another()
    {
        _admission.Limits = new ConnectionLimits();
        var first = Enter(Other);
        for (var i = 0; i < 4096; i++)
        {
            Enter(Network(i % 256));
        }

        Assert.DoesNotContain(first, _ended);
        Assert.Equal(512 + 1, _admission.UngreetedCount);
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    public void An_IPv6_network_counts_as_one_address(string address, string counted) =>
        Assert.Equal(IPAddress.Parse(counted), Admission.GetLimitedAddress(IPAddress.Parse(address)));

    [Theory]
    [InlineData(0)]
    [InlineData(2049)]
    public void Limits_out_of_range_are_refused(int value)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConnectionLimits { PerAddress = value });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConnectionLimits { PerUser = value });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConnectionLimits { HandshakesPerAddress = value });
    }

    // A /64 network: 0 to 255 are of one /56 network.
    private static IPAddress Network(int number) => IPAddress.Parse($"2001:db8:0:{number:x}::1");

    private Arrival Enter(IPAddress address)
    {
        Arrival? arrival = null;
        return arrival = _admission.Enter(address, () => _ended.Add(arrival!));
    }

    // Each call is another peer.
    private bool TryGreet(Arrival arrival, string user) =>
        _admission.TryGreet(arrival, TestIds.Of(user), Hash256.Compute(BitConverter.GetBytes(++_peers)));
}
