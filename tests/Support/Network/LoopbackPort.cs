using System.Net;
using System.Net.Sockets;

namespace P2PShare.Support;

/// <summary>A TCP port of 127.0.0.1.</summary>
internal static class LoopbackPort
{
    /// <summary>A port on which nothing listens. Another program may take it before the caller does.</summary>
    public static int FindFree()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
