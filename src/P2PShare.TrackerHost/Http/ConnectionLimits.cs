using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Http;

/// <summary>What a connection may cost before a login: how many there are, how slow and how long they may be.</summary>
internal static class ConnectionLimits
{
    /// <summary>Greatest request body in bytes, announces excepted.</summary>
    public const int MaxRequestBody = 1024 * 1024;

    private const int MaxHeaders = 64;
    private const int MaxUnread = 64 * 1024;
    private const int MaxHeadersSize = 16 * 1024;
    private const int MaxUnaccepted = 65_535;

    public static void SetLimits(this KestrelServerOptions kestrel, ConnectionOptions options)
    {
        var limits = kestrel.Limits;
        limits.MaxRequestBodySize = MaxRequestBody;
        // What is sent before it is read, of a body that waits for its turn.
        limits.MaxRequestBufferSize = MaxUnread;
        limits.Http2.InitialStreamWindowSize = MaxUnread;
        limits.Http2.InitialConnectionWindowSize = 2 * MaxUnread;
        limits.MaxRequestHeaderCount = MaxHeaders;
        limits.MaxRequestHeadersTotalSize = MaxHeadersSize;
        limits.Http2.MaxRequestHeaderFieldSize = MaxHeadersSize;
        limits.MaxConcurrentConnections = options.Connections;
        limits.RequestHeadersTimeout = options.HeadersTimeout;
        limits.KeepAliveTimeout = options.KeepAliveTimeout;
        limits.MinRequestBodyDataRate = limits.MinResponseDataRate = new MinDataRate(options.BodyBytesPerSecond, options.BodyGrace);
    }

    // The system bounds it further (net.core.somaxconn). Beyond it, it drops what arrives, and clients repeat it after seconds.
    public static void SetLimits(this SocketTransportOptions sockets) => sockets.Backlog = MaxUnaccepted;

    /// <summary>Closes what an address opens beyond its share, before it costs a handshake.</summary>
    /// <param name="proxies">Not limited: the clients behind them are counted with the requests.</param>
    public static void LimitPerAddress(this ListenOptions endpoint, AddressConnections connections, IReadOnlyList<IPNetwork> proxies) => endpoint.Use(next => async connection =>
    {
        var network = ((connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None).UnmapIPv4();
        if (proxies.Any(proxy => proxy.Contains(network)))
        {
            await next(connection);
            return;
        }

        if (!connections.TryAdd(network))
        {
            connection.Abort(new ConnectionAbortedException("The address has too many connections."));
            return;
        }

        try
        {
            await next(connection);
        }
        finally
        {
            connections.Remove(network);
        }
    });
}
