using System.Net;
using System.Net.Sockets;
using P2PShare.Protocol;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Connections;

/// <summary>Accepts connections of other peers and hands them over once their TLS handshake succeeded.</summary>
internal sealed class PeerListener : IDisposable
{
    private const int Backlog = 512;

    // A ticket, and the first messages after it.
    private const int MaxOlderBytes = 64 * 1024;

    // When the system has no room for another socket, until one was closed.
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket;

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
            var handshakes = new HandshakeQueue(() => context.Admission.Limits.HandshakesPerAddress);
            while (true)
            {
                if (await AcceptAsync(context, cancellationToken).ConfigureAwait(false) is { } socket)
                {
                    _ = GreetAsync(socket, handshakes, identity, connections, context, cancellationToken);
                }
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

    // Null if this connection failed, or the system has no room for it; others may follow.
    private async Task<Socket?> AcceptAsync(ConnectionContext context, CancellationToken cancellationToken)
    {
        try
        {
            return await _socket.AcceptAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset or SocketError.Interrupted)
        {
            return null;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable or SocketError.ProcessLimit)
        {
            context.Metrics.Refused("full");
            context.Admission.EvictOldest();
            await Task.Delay(AcceptPause, context.Clock, cancellationToken).ConfigureAwait(false);
            return null;
        }
    }

    // The reason has to arrive: what the other side has sent meanwhile is read first, else the system would reset the connection.
    private static async Task RefuseOlderAsync(PeerStream stream, CancellationToken cancellationToken)
    {
        await using (stream.ConfigureAwait(false))
        {
            var buffer = new byte[4096];
            await stream.WriteAsync(buffer.AsMemory(0, new CloseMessage(0, CloseReason.VersionUnknown).Write(buffer)), cancellationToken).ConfigureAwait(false);
            for (var read = 0; read < MaxOlderBytes;)
            {
                var some = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
                if (some == 0)
                {
                    return;
                }

                read += some;
            }
        }
    }

    private static async Task GreetAsync(
        Socket socket, HandshakeQueue handshakes, PeerIdentity identity, ConnectionTable connections, ConnectionContext context, CancellationToken stopping)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        Arrival? arrival = null;
        try
        {
            socket.NoDelay = true;
            var endPoint = (IPEndPoint)socket.RemoteEndPoint!;
            arrival = context.Admission.Enter(endPoint.Address, End);
            // A silent socket takes no turn of a handshake.
            await WaitAsync(token => socket.ReceiveAsync(Memory<byte>.Empty, token).AsTask()).ConfigureAwait(false);
            await WaitAsync(token => handshakes.EnterAsync(arrival.Address, token)).ConfigureAwait(false);
            PeerStream stream;
            try
            {
                stream = await PeerTls.AcceptAsync(identity, new NetworkStream(socket, ownsSocket: true), ending.Token).ConfigureAwait(false);
            }
            finally
            {
                handshakes.Exit(arrival.Address);
            }

            if (PeerTls.VersionOf(stream) is var version and not HelloMessage.CurrentVersion)
            {
                context.Metrics.Refused("version");
                context.Logger.VersionRefused(endPoint, version, HelloMessage.CurrentVersion);
                await WaitAsync(token => RefuseOlderAsync(stream, token)).ConfigureAwait(false);
                context.Admission.Leave(arrival);
                return;
            }

            connections.Run(stream, PeerTls.Identify(stream, endPoint), isDialled: false, arrival: arrival);
        }
        catch (Exception e)
        {
            // Whatever a stranger's certificate or address may cause: it ends one connection, and the place is free.
            context.Metrics.Refused("handshake");
            context.Logger.HandshakeFailed(e.Message);
            socket.Dispose();
            if (arrival is not null)
            {
                context.Admission.Leave(arrival);
            }
        }

        void End()
        {
            try
            {
                ending.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // Its connection has taken over, or it has ended.
            }
        }

        async Task WaitAsync(Func<CancellationToken, Task> wait)
        {
            using var timeout = new CancellationTokenSource(PeerTls.Timeout, context.Clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ending.Token, timeout.Token);
            await wait(either.Token).ConfigureAwait(false);
        }
    }
}
