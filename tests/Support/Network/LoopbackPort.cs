using System.Net;
using System.Net.Sockets;

namespace P2PShare.Support;

/// <summary>A TCP port of 127.0.0.1.</summary>
internal static class LoopbackPort
{
    // The system gives ports from 32768 on to connections and to listeners that ask for any port. One from there would often be
    // taken before the caller listens on it.
    private const int First = 10_000;
    private const int End = 32_000;

    /// <summary>A port on which nothing listens. Another program that names the same port may still take it before the caller does.</summary>
    public static int FindFree()
    {
        while (true)
        {
            var port = Random.Shared.Next(First, End);
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
            {
                // It is taken, or the system reserves it.
            }
        }
    }
}
