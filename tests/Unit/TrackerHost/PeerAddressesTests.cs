using System.Net;
using P2PShare.TrackerHost.Peers;

namespace P2PShare.Unit.TrackerHost;

public sealed class PeerAddressesTests
{
    private static readonly string[] Own = ["10.1.2.3", "172.16.0.1", "172.32.0.1", "192.168.0.9", "203.0.113.9", "127.0.0.1", "fd12::1", "fe80::1", "::1", "2001:db8::1", "::ffff:10.9.9.9"];

    [Theory]
    [InlineData("203.0.113.5", "")]
    [InlineData("2001:db8::5", "")]
    [InlineData("169.254.1.1", "")]
    [InlineData("192.168.0.5", "10.1.2.3 172.16.0.1 192.168.0.9 fd12::1 10.9.9.9")]
    [InlineData("192.168.0.9", "10.1.2.3 172.16.0.1 fd12::1 10.9.9.9")]
    [InlineData("fd12::5", "10.1.2.3 172.16.0.1 192.168.0.9 fd12::1 10.9.9.9")]
    [InlineData("127.0.0.1", "10.1.2.3 172.16.0.1 192.168.0.9 fd12::1 ::1 10.9.9.9")]
    public void Own_addresses_are_kept_only_if_they_cannot_point_at_a_third_party(string observed, string kept) =>
        Assert.Equal(kept, string.Join(' ', PeerAddresses.KeepOwn(IPAddress.Parse(observed), Own.Select(IPAddress.Parse))));

    [Fact]
    public void A_proxys_address_is_not_handed_out()
    {
        Assert.Equal(["10.0.0.5:7"], PeerAddresses.EndPoints("", "10.0.0.5", 7));
        Assert.Empty(PeerAddresses.EndPoints("", "", 7));
    }
}
