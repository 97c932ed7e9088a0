using System.Net;
using System.Net.Sockets;

namespace P2PShare.TrackerHost.Configuration;

/// <summary>What counts as one address in the limits.</summary>
internal static class ClientNetwork
{
    /// <summary>An IPv4 address that is mapped into IPv6 (RFC 4291, section 2.5.5.2) as IPv4; any other as it is.</summary>
    public static IPAddress UnmapIPv4(this IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>An IPv4 address, or the first half of an IPv6 one: the owner of one IPv6 address has the 2^64 around it.</summary>
    public static string Network(this IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6
        ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8))
        : address.ToString();
}
