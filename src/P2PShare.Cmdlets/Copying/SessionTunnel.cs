using System.Collections;
using System.Collections.Concurrent;
using System.Management.Automation;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using P2PShare.Cmdlets.Pipeline;

namespace P2PShare.Cmdlets.Copying;

/// <summary>
/// TCP connections that go through a session, in parts that its messages carry: for a target that reaches the sender in no other way. The target
/// listens on its loopback, the sender dials. What goes through is TLS from end to end, as on any other way. Safe for concurrent use.
/// </summary>
/// <param name="ways">What connections the other side may open, by their names; empty for the side that listens.</param>
internal sealed class SessionTunnel(IReadOnlyDictionary<string, IPEndPoint> ways) : IDisposable
{
    private const int MaxConnections = 64;
    private const int PartLength = 64 * 1024;
    private const int PartsInOneMessage = 16;
    private const int MaxWaitingParts = 64;

    // What came from the other side and waits for its receivers, of all connections. A peer asks for a few megabytes at a time.
    private const int MaxWaitingBytes = 16 * 1024 * 1024;

    private const string IdKey = "Id";
    private const string OpenKey = "Open";
    private const string BytesKey = "Bytes";
    private const string EndKey = "End";

    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<int, Channel<byte[]>> _connections = new();
    // Reading stops while this many wait to be taken.
    private readonly Channel<Hashtable> _outgoing = Channel.CreateBounded<Hashtable>(MaxWaitingParts);
    private int _lastId;
    private long _waitingBytes;

    /// <summary>Whether any connection is open, or its end has not gone through yet.</summary>
    public bool IsUsed => !_connections.IsEmpty || _outgoing.Reader.Count > 0;

    /// <summary>Listens on loopback; each connection goes to the other side.</summary>
    /// <param name="way">What the other side dials.</param>
    /// <returns>The port.</returns>
    public int Listen(string way)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _ = Task.Run(() => AcceptAsync(listener, way, _stop.Token));
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Takes what is to go to the other side, at most about a megabyte.</summary>
    public Hashtable[] Take()
    {
        var parts = new List<Hashtable>();
        while (parts.Count < PartsInOneMessage && _outgoing.Reader.TryRead(out var part))
        {
            parts.Add(part);
        }

        return [.. parts];
    }

    /// <summary>Waits until there is something to take.</summary>
    public Task WaitAsync(TimeSpan patience) => _outgoing.Reader.WaitToReadAsync(_stop.Token).AsTask().WaitAsync(patience, TimeProvider.System);

    /// <summary>Takes in what came from the other side, which is not trusted.</summary>
    public void Put(object? parts)
    {
        foreach (var part in (BaseObject.Of(parts) as IEnumerable ?? Array.Empty<object>()).Cast<object?>().Take(PartsInOneMessage).Select(BaseObject.Of).OfType<Hashtable>())
        {
            if (BaseObject.Of(part[IdKey]) is not int id)
            {
                continue;
            }

            if (BaseObject.Of(part[OpenKey]) is string way)
            {
                var opened = NewQueue();
                if (_connections.Count < MaxConnections && ways.TryGetValue(way, out var endPoint) && _connections.TryAdd(id, opened))
                {
                    _ = Task.Run(() => DialAsync(id, endPoint, opened, _stop.Token));
                }
            }
            else if (_connections.TryGetValue(id, out var queue) && !(BaseObject.Of(part[BytesKey]) is byte[] bytes && TryQueue(queue, bytes)))
            {
                // Its end, or more than its receiver takes.
                queue.Writer.TryComplete();
            }
        }
    }

    public void Dispose() => _stop.Cancel();

    private static Channel<byte[]> NewQueue() => Channel.CreateBounded<byte[]>(16 * MaxWaitingParts);

    private bool TryQueue(Channel<byte[]> queue, byte[] bytes)
    {
        if (bytes.Length > PartLength)
        {
            return false;
        }

        if (Interlocked.Add(ref _waitingBytes, bytes.Length) <= MaxWaitingBytes && queue.Writer.TryWrite(bytes))
        {
            return true;
        }

        Interlocked.Add(ref _waitingBytes, -bytes.Length);
        return false;
    }

    private async Task AcceptAsync(TcpListener listener, string way, CancellationToken cancellationToken)
    {
        using (listener)
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                var client = await listener.AcceptTcpClientAsync(cancellationToken).ConfigureAwait(false);
                if (_connections.Count >= MaxConnections)
                {
                    client.Dispose();
                    continue;
                }

                var id = Interlocked.Increment(ref _lastId);
                var incoming = NewQueue();
                _connections[id] = incoming;
                await _outgoing.Writer.WriteAsync(new Hashtable { [IdKey] = id, [OpenKey] = way }, cancellationToken).ConfigureAwait(false);
                _ = Task.Run(() => CarryAsync(id, client, incoming, cancellationToken), cancellationToken);
            }
        }
    }

    private async Task DialAsync(int id, IPEndPoint endPoint, Channel<byte[]> incoming, CancellationToken cancellationToken)
    {
        var client = new TcpClient(endPoint.AddressFamily);
        try
        {
            await client.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            // The other side sees that it ends.
        }

        await CarryAsync(id, client, incoming, cancellationToken).ConfigureAwait(false);
    }

    private async Task CarryAsync(int id, TcpClient client, Channel<byte[]> incoming, CancellationToken cancellationToken)
    {
        using (client)
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var tasks = client.Connected ? new[] { SendAsync(id, client.GetStream(), end.Token), ReceiveAsync(incoming, client.GetStream(), end.Token) } : [];
            if (tasks.Length > 0)
            {
                await Task.WhenAny(tasks).ConfigureAwait(false);
                await end.CancelAsync().ConfigureAwait(false);
                await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        _connections.TryRemove(id, out _);
        incoming.Writer.TryComplete();
        while (incoming.Reader.TryRead(out var unsent))
        {
            Interlocked.Add(ref _waitingBytes, -unsent.Length);
        }

        await _outgoing.Writer.WriteAsync(new Hashtable { [IdKey] = id, [EndKey] = true }, cancellationToken).ConfigureAwait(false);
    }

    private async Task SendAsync(int id, NetworkStream stream, CancellationToken cancellationToken)
    {
        var buffer = new byte[PartLength];
        while (await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is var read and > 0)
        {
            await _outgoing.Writer.WriteAsync(new Hashtable { [IdKey] = id, [BytesKey] = buffer[..read] }, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task ReceiveAsync(Channel<byte[]> incoming, NetworkStream stream, CancellationToken cancellationToken)
    {
        await foreach (var bytes in incoming.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            Interlocked.Add(ref _waitingBytes, -bytes.Length);
            await stream.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
        }
    }
}
