using System.Net;
using System.Net.Sockets;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Peers;

/// <summary>
/// Which addresses of a peer are handed out. The one that the request came from always; the peer's own ones only if
/// they cannot point at a third party on the Internet: private ones of a peer that is seen under a private address itself.
/// </summary>
internal static class PeerAddresses
{
    /// <summary>Those of <paramref name="own"/> that may be handed out beside <paramref name="observed"/>.</summary>
    public static IEnumerable<IPAddress> KeepOwn(IPAddress observed, IEnumerable<IPAddress> own)
    {
        if (!IPAddress.IsLoopback(observed) && !IsPrivate(observed))
        {
            return [];
        }

        return own
            .Select(ClientNetwork.UnmapIPv4)
            // A loopback address of a peer on another machine would be the caller's own.
            .Where(address => IsPrivate(address) || (IPAddress.IsLoopback(address) && IPAddress.IsLoopback(observed)))
            .Where(address => !address.Equals(observed))
            .Distinct();
    }

    /// <summary>Where to try a peer, <c>address:port</c>; empty for a peer that accepts no connections.</summary>
    /// <param name="observed">Empty for a peer that announces through a proxy.</param>
    /// <param name="own">Separated by spaces, as they are stored.</param>
    public static IReadOnlyList<string> EndPoints(string observed, string own, long port) => port == 0
        ? []
        : [.. $"{observed} {own}".Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(address => new IPEndPoint(IPAddress.Parse(address), (int)port).ToString())];

    /// <summary>RFC 1918 and RFC 4193; no link-local ones, which mean something on one link only.</summary>
    public static bool IsPrivate(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            return address.IsIPv6UniqueLocal;
        }

        var bytes = address.GetAddressBytes();
        return bytes[0] == 10 || (bytes[0] == 172 && bytes[1] is >= 16 and <= 31) || (bytes[0] == 192 && bytes[1] == 168);
    }
}
