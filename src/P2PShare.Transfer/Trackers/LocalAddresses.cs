using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace P2PShare.Transfer.Trackers;

/// <summary>The addresses of this machine's network interfaces, without loopback and IPv6 link-local ones.</summary>
internal sealed class LocalAddresses(TimeProvider clock)
{
    private const int Max = 16;

    // Reading them from the system is slow, and they change seldom.
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(30);

    private (string[] Addresses, long ReadAt)? _last;

    /// <summary>At most 16 addresses, as of the last 30 seconds. One caller at a time.</summary>
    public IReadOnlyList<string> Get()
    {
        if (_last is not { } last || clock.GetElapsedTime(last.ReadAt) > MaxAge)
        {
            _last = last = (Read(), clock.GetTimestamp());
        }

        return last.Addresses;
    }

    private static string[] Read()
    {
        try
        {
            return
            [
                .. NetworkInterface.GetAllNetworkInterfaces()
                    .Where(card => card.OperationalStatus == OperationalStatus.Up && card.NetworkInterfaceType != NetworkInterfaceType.Loopback)
                    .SelectMany(card => card.GetIPProperties().UnicastAddresses)
                    .Select(unicast => unicast.Address)
                    .Where(address => !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal
                        && address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
                    .Select(address => address.ToString())
                    .Distinct()
                    .Take(Max),
            ];
        }
        catch (NetworkInformationException)
        {
            // Peers then use the address that the tracker sees.
            return [];
        }
    }
}
