using System.Net;
using System.Net.Sockets;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Trackers;

/// <summary>The proxy of one tracker, chosen before the first request. A tracker that is reached through one sees the proxy's address.</summary>
/// <param name="system">The proxy that the system is set to.</param>
internal sealed class TrackerProxy(TrackerAddress tracker, ProxySetting setting, IWebProxy system) : IWebProxy
{
    private volatile bool _isChosen;
    private volatile Uri? _used;

    /// <summary>Address of the proxy, without a password; null if there is none, or before <see cref="ChooseAsync"/>.</summary>
    public string? Used => _used is { } used ? $"{used.Scheme}://{used.Authority}" : null;

    // Of an address that was given it has none.
    public ICredentials? Credentials
    {
        get => setting.Address is null ? system.Credentials : null;
        set => throw new NotSupportedException();
    }

    /// <summary>Chooses, once. May resolve the tracker's name.</summary>
    public async ValueTask ChooseAsync(CancellationToken cancellationToken)
    {
        if (!_isChosen)
        {
            _used = setting == ProxySetting.None ? null
                : setting.Address ?? (FindSystem() is { } found && !await IsNearAsync(cancellationToken).ConfigureAwait(false) ? found : null);
            _isChosen = true;
        }
    }

    Uri? IWebProxy.GetProxy(Uri destination) => _used;

    bool IWebProxy.IsBypassed(Uri host) => _used is null;

    private Uri? FindSystem()
    {
        var uri = new Uri($"https://{tracker.Authority}");
        return system.IsBypassed(uri) || system.GetProxy(uri) is not { } found || found == uri ? null : found;
    }

    // Whether all of the tracker's addresses are on this machine or in a private network. A name that is not known here may be known to the proxy.
    private async Task<bool> IsNearAsync(CancellationToken cancellationToken)
    {
        try
        {
            var addresses = IPAddress.TryParse(tracker.Host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(tracker.Host, cancellationToken).ConfigureAwait(false);
            return addresses.Length > 0 && Array.TrueForAll(addresses, IsNear);
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Loopback, link-local, RFC 1918 and RFC 4193.</summary>
    private static bool IsNear(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if (plain.AddressFamily == AddressFamily.InterNetworkV6)
        {
            return IPAddress.IsLoopback(plain) || plain.IsIPv6LinkLocal || plain.IsIPv6UniqueLocal;
        }

        var bytes = plain.GetAddressBytes();
        return bytes[0] is 10 or 127 || (bytes[0] == 172 && bytes[1] is >= 16 and <= 31) || (bytes[0] == 192 && bytes[1] == 168) || (bytes[0] == 169 && bytes[1] == 254);
    }
}
