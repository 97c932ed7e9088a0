using P2PShare.Protocol;
using P2PShare.Protocol.Names;

namespace P2PShare.Transfer.Trackers;

/// <summary>Which HTTP proxy trackers are reached through.</summary>
public sealed class ProxySetting
{
    /// <summary>Environment variable that has the setting if none is given: <c>none</c> or an address.</summary>
    public const string EnvironmentVariable = "P2PSHARE_PROXY";

    private const string NoneText = "none";
    private static readonly string[] Schemes = ["http", "https", "socks4", "socks4a", "socks5"];

    private ProxySetting(Uri? address = null) => Address = address;

    /// <summary>The system's (<c>HTTPS_PROXY</c> and <c>NO_PROXY</c>), but none for a tracker whose addresses are all private or loopback ones.</summary>
    public static ProxySetting Automatic { get; } = new();

    public static ProxySetting None { get; } = new();

    /// <summary>The proxy of every tracker; null: see <see cref="Automatic"/> and <see cref="None"/>.</summary>
    internal Uri? Address { get; }

    /// <summary>Reads <c>none</c> or an address.</summary>
    /// <param name="text">Null or empty: <see cref="EnvironmentVariable"/>, or else <see cref="Automatic"/>.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidConfiguration"/>.</exception>
    public static ProxySetting Parse(string? text)
    {
        text = string.IsNullOrEmpty(text) ? Environment.GetEnvironmentVariable(EnvironmentVariable) : text;
        if (string.IsNullOrEmpty(text))
        {
            return Automatic;
        }

        if (string.Equals(text, NoneText, StringComparison.OrdinalIgnoreCase))
        {
            return None;
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || !Schemes.Contains(address.Scheme) || address.Host.Length == 0)
        {
            throw new P2PShareException(
                ErrorCode.InvalidConfiguration,
                $"'{PrintableCharacter.Clean(text)}' is not the address of a proxy: http://host:port was expected, or 'none' for no proxy.");
        }

        // It would be in histories and lists of processes.
        return address.UserInfo.Length == 0 ? new ProxySetting(address) : throw new P2PShareException(
            ErrorCode.InvalidConfiguration,
            $"The address of the proxy at {address.Host} must not have a user name or password. Set the environment variable HTTPS_PROXY, which may have them.");
    }
}
