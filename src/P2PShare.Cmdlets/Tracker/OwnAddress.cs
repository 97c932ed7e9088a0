using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Tracker;

/// <summary>Addresses of a tracker that runs on this machine.</summary>
internal static class OwnAddress
{
    private const int MaxAddresses = 8;

    /// <summary>
    /// The address at which to dial a program that listens at <paramref name="authority"/>, <c>host:port</c>: the same; for "all addresses"
    /// the first IPv4 address of an interface with a gateway, else of any interface that is up, else 127.0.0.1. Never the machine's
    /// name: many networks do not resolve it.
    /// </summary>
    public static string ToDial(string authority) =>
        IPEndPoint.TryParse(authority, out var endPoint) && (endPoint.Address.Equals(IPAddress.Any) || endPoint.Address.Equals(IPAddress.IPv6Any))
            ? new IPEndPoint(Find(), endPoint.Port).ToString()
            : authority;

    /// <summary>Whether a program that listens at <paramref name="authority"/> is the one that answers at an address.</summary>
    public static bool Answers(string authority, TrackerAddress address)
    {
        var own = TrackerAddress.Parse(authority);
        // A name may stand for several trackers behind a balancer: only an address of this machine is certain.
        if (own.Port != address.Port || !(IPAddress.TryParse(own.Host, out _) || IsSameHost(own.Host, "localhost")))
        {
            return false;
        }

        if (IsSameHost(own.Host, address.Host) || IsSameHost(TrackerAddress.Parse(ToDial(authority)).Host, address.Host))
        {
            return true;
        }

        // Also under the names that this machine has for itself.
        var isOnLoopback = IPAddress.TryParse(own.Host, out var listens)
            && (IPAddress.IsLoopback(listens) || listens.Equals(IPAddress.Any) || listens.Equals(IPAddress.IPv6Any));
        return isOnLoopback && (IsSameHost(address.Host, "localhost")
            || (IPAddress.TryParse(address.Host, out var dialled) && IPAddress.IsLoopback(dialled) && !IPAddress.IsLoopback(listens!)));
    }

    private static bool IsSameHost(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);

    /// <summary>The IPv4 addresses at which other machines may reach this one, at most eight, those of interfaces with a gateway first; loopback is the last.</summary>
    public static IReadOnlyList<IPAddress> FindAll() => Choose(FindReachable());

    /// <summary>Chooses as <see cref="FindAll"/> does.</summary>
    internal static IReadOnlyList<IPAddress> Choose(IEnumerable<IPAddress> addresses) =>
        [.. addresses.Where(address => address.AddressFamily == AddressFamily.InterNetwork).Distinct().Take(MaxAddresses - 1), IPAddress.Loopback];

    private static IPAddress Find() => FindReachable().FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork) ?? IPAddress.Loopback;

    private static IReadOnlyList<IPAddress> FindReachable()
    {
        try
        {
            return [.. NetworkInterface.GetAllNetworkInterfaces()
                .Where(one => one.OperationalStatus == OperationalStatus.Up && one.NetworkInterfaceType != NetworkInterfaceType.Loopback)
                .Select(one => one.GetIPProperties())
                .OrderByDescending(one => one.GatewayAddresses.Count > 0)
                .SelectMany(one => one.UnicastAddresses)
                .Select(one => one.Address)
                .Where(address => !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal)];
        }
        catch (NetworkInformationException)
        {
            // Some containers do not list their interfaces.
            return [];
        }
    }
}
