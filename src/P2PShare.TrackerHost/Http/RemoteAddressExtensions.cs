using System.Net;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Http;

internal static class RemoteAddressExtensions
{
    /// <summary>The address that the request came from.</summary>
    public static IPAddress RemoteAddress(this HttpContext context) => (context.Connection.RemoteIpAddress ?? IPAddress.None).UnmapIPv4();
}
