using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace P2PShare.Cmdlets.Tracker;

/// <summary>An address of this machine that others can dial.</summary>
internal static class OwnAddress
{
    /// <summary>
    /// Where to dial what listens at <paramref name="authority"/>, <c>host:port</c>: the same, but for "all addresses" the first IPv4 address
    /// of an interface that has a gateway, else of any that is up, else this machine's own 127.0.0.1. The machine's name is
    /// not taken: many networks do not know it.
    /// </summary>
    public static string ToDial(string authority) =>
        IPEndPoint.TryParse(authority, out var endPoint) && (endPoint.Address.Equals(IPAddress.Any) || endPoint.Address.Equals(IPAddress.IPv6Any))
            ? new IPEndPoint(Find(), endPoint.Port).ToString()
            : authority;

    private static IPAddress Find()
    {
        try
        {
            return NetworkInterface.GetAllNetworkInterfaces()
                .Where(one => one.OperationalStatus == OperationalStatus.Up && one.NetworkInterfaceType != NetworkInterfaceType.Loopback)
                .Select(one => one.GetIPProperties())
                .OrderByDescending(one => one.GatewayAddresses.Count > 0)
                .SelectMany(one => one.UnicastAddresses)
                .Select(one => one.Address)
                .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address))
                ?? IPAddress.Loopback;
        }
        catch (NetworkInformationException)
        {
            // Some containers hide their interfaces.
            return IPAddress.Loopback;
        }
    }
}
