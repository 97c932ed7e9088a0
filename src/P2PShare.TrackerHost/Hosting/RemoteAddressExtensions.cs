using System.Net;

namespace P2PShare.TrackerHost.Hosting;

internal static class RemoteAddressExtensions
{
    /// <summary>The address the request came from; one that is IPv4 in IPv6's clothes as IPv4.</summary>
    public static IPAddress RemoteAddress(this HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }
}
