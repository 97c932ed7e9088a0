using System.Net;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Trackers;

public sealed class LocalAddressesTests
{
    [Fact]
    public void Private_addresses_of_interfaces_with_a_gateway_come_first_and_there_are_at_most_four()
    {
        (string Address, bool HasGateway)[] own =
        [
            ("203.0.113.9", true), ("172.17.0.1", false), ("172.18.0.1", false), ("172.19.0.1", false), ("2001:db8::9", true), ("192.168.1.9", true), ("fd12::9", true),
            ("192.168.1.9", true),
        ];

        var best = LocalAddresses.ChooseBest(own.Select(one => (IPAddress.Parse(one.Address), one.HasGateway))).ToList();

        Assert.Equal(["192.168.1.9", "fd12::9", "172.17.0.1", "172.18.0.1"], best);
        Assert.Equal(AnnounceRequest.MaxAddresses, best.Count);
    }

    [Fact]
    public void A_machine_with_public_addresses_only_names_them() =>
        Assert.Equal(["203.0.113.9", "172.32.0.1"], LocalAddresses.ChooseBest([(IPAddress.Parse("172.32.0.1"), false), (IPAddress.Parse("203.0.113.9"), true)]));
}
