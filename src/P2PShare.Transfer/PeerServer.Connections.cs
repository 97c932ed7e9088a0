using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Transfer;

// The peer server's connections to other peers: accepted, dialled, kept alive, closed.
public sealed partial class PeerServer
{
    /// <summary>A connection to a peer: the one there is, or a new one.</summary>
    /// <exception cref="IOException">It cannot be reached, or is not the peer that the tracker named.</exception>
    internal async Task<PeerConnection> ConnectAsync(SourcePeer peer, CancellationToken cancellationToken)
    {
        if (FindConnection(peer.Fingerprint) is { } existing)
        {
            existing.RemoteUserName = peer.UserName;
            return existing;
        }

        var dial = _dials.GetOrAdd(peer.Fingerprint, _ => new Lazy<Task<PeerConnection>>(() => DialAsync(peer)));
        try
        {
            return await dial.Value.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _dials.TryRemove(new KeyValuePair<Hash256, Lazy<Task<PeerConnection>>>(peer.Fingerprint, dial));
        }
    }

    /// <summary>The connection to a peer that is not for bulk; null where there is none.</summary>
    internal PeerConnection? FindConnection(Hash256 fingerprint) =>
        _connections.Keys.FirstOrDefault(connection => connection.RemoteFingerprint == fingerprint && connection is { IsEnding: false, IsBulk: false });

    private static Socket Listen(PeerServerOptions options)
    {
        var address = options.Address ?? (Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any);
        var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Equals(IPAddress.IPv6Any))
            {
                listener.DualMode = true;
            }

            listener.Bind(new IPEndPoint(address, options.Port));
            listener.Listen(512);
            return listener;
        }
        catch (SocketException e)
        {
            listener.Dispose();
            throw e.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? new P2PShareException(ErrorCode.PortInUse, $"Port {options.Port} is in use by another program. Choose another port, or 0 for any free one.", e)
                : new P2PShareException(ErrorCode.PeerServerFailed, $"The peer server cannot listen on {address} port {options.Port}: {e.Message}", e);
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                await _handshakes.WaitAsync(_stopping.Token).ConfigureAwait(false);
                var socket = await _listener.AcceptAsync(_stopping.Token).ConfigureAwait(false);
                if (_connections.Count >= MaxConnections)
                {
                    TransferMetrics.Refused("full");
                    socket.Dispose();
                    _handshakes.Release();
                    continue;
                }

                _ = GreetAsync(socket);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            if (!_stopping.IsCancellationRequested)
            {
                _completion.TrySetException(new P2PShareException(ErrorCode.PeerServerFailed, $"The peer server cannot go on listening: {e.Message}", e));
            }
        }
    }

    private async Task GreetAsync(Socket socket)
    {
        try
        {
            socket.NoDelay = true;
            var endPoint = (IPEndPoint)socket.RemoteEndPoint!;
            var stream = await PeerTls.AcceptAsync(_identity, socket, _stopping.Token).ConfigureAwait(false);
            Run(stream, endPoint, isDialled: false);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            TransferMetrics.Refused("handshake");
            Trace($"A connection was dropped during its handshake: {e.Message}");
        }
        finally
        {
            _handshakes.Release();
        }
    }

    /// <summary>One more connection to a peer that was dialled before, with a thread of its own to read from it.</summary>
    /// <returns>Null where there are as many already as this machine has a use for.</returns>
    /// <exception cref="IOException">It cannot be reached any more, or is another peer now.</exception>
    internal async Task<PeerConnection?> DialBulkAsync(PeerConnection first)
    {
        if (_connections.Keys.Count(connection => connection.IsBulk) >= MaxBulkConnections)
        {
            return null;
        }

        var stream = await Task.Factory.StartNew(
            () => PeerTls.DialBlocking(_identity, first.RemoteFingerprint, first.RemoteEndPoint, _stopping.Token),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        var connection = Run(stream, first.RemoteEndPoint, isDialled: true, isBulk: true);
        connection.RemoteUserName = first.RemoteUserName;
        return connection;
    }

    /// <summary>A new connection to a peer, whether there is one or not.</summary>
    /// <exception cref="IOException">It cannot be reached, or is not the peer that the tracker named.</exception>
    internal async Task<PeerConnection> DialAsync(SourcePeer peer)
    {
        using var activity = TransferMetrics.StartDial(peer.Fingerprint);
        try
        {
            var (stream, endPoint) = await PeerTls.DialAsync(_identity, peer.Fingerprint, peer.EndPoints, _stopping.Token).ConfigureAwait(false);
            activity?.SetTag("network.peer.address", endPoint.Address.ToString()).SetTag("network.peer.port", endPoint.Port);
            var connection = Run(stream, endPoint, isDialled: true);
            connection.RemoteUserName = peer.UserName;
            return connection;
        }
        catch (Exception e)
        {
            activity?.SetTag("error.type", e.GetType().FullName).SetStatus(ActivityStatusCode.Error);
            throw;
        }
    }

    private PeerConnection Run(SslStream stream, IPEndPoint endPoint, bool isDialled, bool isBulk = false)
    {
        var address = endPoint.Address.IsIPv4MappedToIPv6 ? endPoint.Address.MapToIPv4() : endPoint.Address;
        var connection = new PeerConnection(this, stream, new IPEndPoint(address, endPoint.Port), isDialled, isBulk);
        TransferMetrics.Connected(isDialled);
        var started = new TaskCompletionSource();
        _connections[connection] = RunAsync();
        started.SetResult();
        CloseDuplicate(connection);
        return connection;

        async Task RunAsync()
        {
            await started.Task.ConfigureAwait(false);
            await connection.RunAsync().ConfigureAwait(false);
            _connections.TryRemove(connection, out _);
        }
    }

    // Of two peers that dialled each other both keep the connection that the one with the lesser fingerprint dialled.
    private void CloseDuplicate(PeerConnection connection)
    {
        var twin = _connections.Keys.FirstOrDefault(other => other.RemoteFingerprint == connection.RemoteFingerprint
            && other.IsDialled != connection.IsDialled && !other.IsEnding && !other.IsBulk);
        if (twin is not null && !connection.IsBulk)
        {
            var keepsDialled = string.CompareOrdinal(Fingerprint.ToString(), connection.RemoteFingerprint.ToString()) < 0;
            (connection.IsDialled == keepsDialled ? twin : connection).Close(CloseReason.Duplicate);
        }
    }

    private async Task MaintainAsync()
    {
        using var timer = new PeriodicTimer(Maintenance);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false))
            {
                foreach (var connection in _connections.Keys)
                {
                    Maintain(connection);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private void Maintain(PeerConnection connection)
    {
        var idle = connection.IdleMilliseconds;
        var isUnused = !connection.Channels.Any() && idle > UnusedAfter.TotalMilliseconds;
        if (idle > DeadAfter.TotalMilliseconds || isUnused)
        {
            connection.Dispose();
            return;
        }

        connection.CloseUnentitled(Clock.GetUtcNow());
        if (idle > KeepAlive.TotalMilliseconds)
        {
            connection.SendKeepAlive();
        }
    }
}
