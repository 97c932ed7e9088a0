using System.Globalization;
using System.Net;
using System.Net.Sockets;
using P2PShare.Protocol.Names;

namespace P2PShare.Protocol.Tracker;

/// <summary>Where a tracker listens, and which key it is expected to have.</summary>
/// <param name="Host">Host name or IP address, without brackets.</param>
/// <param name="Port">1 to 65535.</param>
/// <param name="Fingerprint">SHA-256 of the public key of its certificate; null if any trusted one will do.</param>
public sealed record TrackerAddress(string Host, int Port, Hash256? Fingerprint = null)
{
    /// <summary>The port if none is given.</summary>
    public const int DefaultPort = 8001;

    /// <summary><c>host:port</c>, an IPv6 address in brackets.</summary>
    public string Authority => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

    /// <summary>Reads <c>host</c>, <c>host:port</c> or <c>[ipv6]:port</c>.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidTrackerAddress"/>.</exception>
    public static TrackerAddress Parse(string? text, Hash256? fingerprint = null)
    {
        var trimmed = text?.Trim() ?? "";
        string host;
        string? port;
        if (trimmed.StartsWith('['))
        {
            var end = trimmed.IndexOf(']', StringComparison.Ordinal);
            host = end > 0 ? trimmed[1..end] : "";
            var rest = end > 0 ? trimmed[(end + 1)..] : "";
            port = rest.Length == 0 ? null : rest.StartsWith(':') ? rest[1..] : "";
            host = IPAddress.TryParse(host, out var bracketed) && bracketed.AddressFamily == AddressFamily.InterNetworkV6
                ? bracketed.ToString()
                : "";
        }
        else if (IPAddress.TryParse(trimmed, out var address) && trimmed.Contains(':', StringComparison.Ordinal))
        {
            host = address.ToString();
            port = null;
        }
        else
        {
            var colon = trimmed.LastIndexOf(':');
            host = colon < 0 ? trimmed : trimmed[..colon];
            port = colon < 0 ? null : trimmed[(colon + 1)..];
        }

        var number = DefaultPort;
        if (Uri.CheckHostName(host) == UriHostNameType.Unknown
            || (port is not null
                && (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out number) || number is < 1 or > 65535)))
        {
            throw new P2PShareException(
                ErrorCode.InvalidTrackerAddress,
                $"'{PrintableCharacter.Clean(text)}' is not a tracker's address: host:port was expected, such as tracker.example:{DefaultPort}.");
        }

        return new TrackerAddress(host, number, fingerprint);
    }
}
