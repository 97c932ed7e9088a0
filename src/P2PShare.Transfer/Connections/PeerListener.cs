using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using P2PShare.Protocol;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Connections;

/// <summary>Accepts connections of other peers and hands them over once their TLS handshake succeeded.</summary>
internal sealed class PeerListener : IDisposable
{
    private const int MaxHandshakes = 64;
    private const int Backlog = 512;

    private readonly Socket _socket;
    private readonly SemaphoreSlim _handshakes = new(MaxHandshakes);

    private PeerListener(Socket socket)
    {
        _socket = socket;
        Port = ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>The TCP port that it listens on.</summary>
    public int Port { get; }

    /// <param name="address">Null: all addresses of this machine, IPv4 and IPv6.</param>
    /// <param name="port">0: any free one.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.PortInUse"/> or <see cref="ErrorCode.PeerServerFailed"/>.</exception>
    public static PeerListener Open(IPAddress? address, int port)
    {
        address ??= Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any;
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(Backlog);
            return new PeerListener(socket);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw e.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? new P2PShareException(ErrorCode.PortInUse, $"Port {port} is in use by another program. Choose another port, or 0 for any free one.", e)
                : new P2PShareException(ErrorCode.PeerServerFailed, $"The peer server cannot listen on {address} port {port}: {e.Message}", e);
        }
    }

    /// <summary>Accepts until cancelled.</summary>
    /// <param name="onFailed">Receives <see cref="ErrorCode.PeerServerFailed"/> when it cannot listen any more.</param>
    public async Task RunAsync(
        PeerIdentity identity, ConnectionTable connections, ConnectionContext context, Action<P2PShareException> onFailed, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await _handshakes.WaitAsync(cancellationToken).ConfigureAwait(false);
                var socket = await _socket.AcceptAsync(cancellationToken).ConfigureAwait(false);
                if (connections.IsFull)
                {
                    context.Metrics.Refused("full");
                    socket.Dispose();
                    _handshakes.Release();
                    continue;
                }

                _ = AcceptAsync(socket, identity, connections, context, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            if (!cancellationToken.IsCancellationRequested)
            {
                onFailed(new P2PShareException(ErrorCode.PeerServerFailed, $"The peer server cannot listen any more: {e.Message}", e));
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private async Task AcceptAsync(
        Socket socket, PeerIdentity identity, ConnectionTable connections, ConnectionContext context, CancellationToken cancellationToken)
    {
        try
        {
            socket.NoDelay = true;
            var endPoint = (IPEndPoint)socket.RemoteEndPoint!;
            var stream = await PeerTls.AcceptAsync(identity, new NetworkStream(socket, ownsSocket: true), cancellationToken).ConfigureAwait(false);
            connections.Run(stream, PeerTls.Identify(stream, endPoint), isDialled: false);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or AuthenticationException)
        {
            context.Metrics.Refused("handshake");
            context.Logger.HandshakeFailed(e.Message);
        }
        finally
        {
            _handshakes.Release();
        }
    }
}
