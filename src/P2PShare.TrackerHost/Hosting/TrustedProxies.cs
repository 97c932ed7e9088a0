using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using P2PShare.Protocol.Names;
using IPNetwork = System.Net.IPNetwork;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>
/// Reverse proxies whose word about where a request came from counts. Without the setting nobody's does: a client could
/// otherwise give itself any address, for its announces and against the throttles.
/// </summary>
internal static class TrustedProxies
{
    public static IEnumerable<string> FindProblems(TrackerOptions options) => Split(options)
        .Where(text => Parse(text) is null)
        .Select(text => $"{TrackerOptions.Section}:{nameof(TrackerOptions.TrustedProxies)} has '{PrintableCharacter.Clean(text)}': IP addresses and networks, such as 192.0.2.7 or 10.1.0.0/16, separated by commas, were expected.");

    public static IReadOnlyList<IPNetwork> Networks(TrackerOptions options) => [.. Split(options).Select(Parse).OfType<IPNetwork>()];

    public static void UseTrustedProxies(this WebApplication app, TrackerOptions options)
    {
        var networks = Networks(options);
        if (networks.Count == 0)
        {
            return;
        }

        // From the right, as far as the proxies are ours: what stands before that may be anybody's invention.
        var forwarded = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto,
            ForwardLimit = null,
        };
        forwarded.KnownProxies.Clear();
        forwarded.KnownIPNetworks.Clear();
        foreach (var network in networks)
        {
            forwarded.KnownIPNetworks.Add(network);
        }

        app.UseForwardedHeaders(forwarded);
    }

    private static string[] Split(TrackerOptions options) =>
        (options.TrustedProxies ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static IPNetwork? Parse(string text) =>
        IPNetwork.TryParse(text, out var network) ? network
        : IPAddress.TryParse(text, out var address) && text.AsSpan().IndexOfAny('.', ':') >= 0 ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
        : null;
}
