using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Trackers;

/// <summary>The addresses of this machine's network interfaces, without loopback and IPv6 link-local ones.</summary>
internal sealed class LocalAddresses(TimeProvider clock)
{
    // Reading them from the system is slow, and they change seldom.
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(30);

    private (string[] Addresses, long ReadAt)? _last;

    /// <summary>The best addresses, at most <see cref="AnnounceRequest.MaxAddresses"/>, as of the last 30 seconds. One caller at a time.</summary>
    public IReadOnlyList<string> Get()
    {
        if (_last is not { } last || clock.GetElapsedTime(last.ReadAt) > MaxAge)
        {
            _last = last = (Read(), clock.GetTimestamp());
        }

        return last.Addresses;
    }

    /// <summary>
    /// Those under which another machine most likely reaches this one: private ones first, because the tracker hands out no others, and of them
    /// those of interfaces with a gateway, which those of containers and virtual machines do not have.
    /// </summary>
    internal static IEnumerable<string> ChooseBest(IEnumerable<(IPAddress Address, bool HasGateway)> addresses) => addresses
        .OrderByDescending(one => IsPrivate(one.Address))
        .ThenByDescending(one => one.HasGateway)
        .Select(one => one.Address.ToString())
        .Distinct()
        .Take(AnnounceRequest.MaxAddresses);

    // RFC 1918 and RFC 4193.
    private static bool IsPrivate(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6
        ? address.IsIPv6UniqueLocal
        : address.GetAddressBytes() is [10, ..] or [172, >= 16 and <= 31, ..] or [192, 168, ..];

    private static string[] Read()
    {
        try
        {
            return
            [
                .. ChooseBest(NetworkInterface.GetAllNetworkInterfaces()
                    .Where(card => card.OperationalStatus == OperationalStatus.Up && card.NetworkInterfaceType != NetworkInterfaceType.Loopback)
                    .Select(card => card.GetIPProperties())
                    .SelectMany(card => card.UnicastAddresses.Select(unicast => (unicast.Address, HasGateway: HasGateway(card))))
                    .Where(one => !IPAddress.IsLoopback(one.Address) && !one.Address.IsIPv6LinkLocal
                        && one.Address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)),
            ];
        }
        catch (NetworkInformationException)
        {
            // Peers then use the address that the tracker sees.
            return [];
        }
    }

    private static bool HasGateway(IPInterfaceProperties card) => card.GatewayAddresses.Any(gateway => !gateway.Address.Equals(IPAddress.Any));
}
