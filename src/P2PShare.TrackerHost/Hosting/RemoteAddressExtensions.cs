using System.Net;
using System.Net.Sockets;

namespace P2PShare.TrackerHost.Hosting;

internal static class RemoteAddressExtensions
{
    /// <summary>The address the request came from; one that is IPv4 in IPv6's clothes as IPv4.</summary>
    public static IPAddress RemoteAddress(this HttpContext context) => Plain(context.Connection.RemoteIpAddress ?? IPAddress.None);

    /// <summary>An address that is IPv4 in IPv6's clothes as IPv4.</summary>
    public static IPAddress Plain(this IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>What counts as one address where something is limited: whoever has one IPv6 address has the 2^64 around it.</summary>
    public static string Network(this IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6
        ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8))
        : address.ToString();
}
