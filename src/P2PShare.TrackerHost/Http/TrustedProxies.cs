using Microsoft.AspNetCore.HttpOverrides;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Http;

/// <summary>
/// Reverse proxies whose <c>X-Forwarded-For</c> counts. Without the setting it is ignored: a client could otherwise claim any
/// address, for its announces and against the throttles.
/// </summary>
internal static class TrustedProxies
{
    public static void UseTrustedProxies(this WebApplication app, ConnectionOptions options)
    {
        var networks = options.GetTrustedNetworks();
        if (networks.Count == 0)
        {
            return;
        }

        // From the right, as far as the proxies are trusted: a client can have invented what stands before them.
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
}
