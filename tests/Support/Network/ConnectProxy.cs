using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace P2PShare.Support;

/// <summary>A small HTTP proxy: CONNECT (RFC 9110, section 9.3.6), and nothing else.</summary>
internal sealed class ConnectProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly int _port;
    private readonly string? _refusal;
    private readonly Task _accepting;

    private ConnectProxy(int port, string? refusal)
    {
        (_port, _refusal) = (port, refusal);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Such as <c>http://127.0.0.1:3128</c>.</summary>
    public string Address => $"http://{_listener.LocalEndpoint}";

    /// <summary>What was asked for, as <c>host:port</c>.</summary>
    public ConcurrentQueue<string> Asked { get; } = [];

    /// <summary>Connects every request to a port of this machine, whatever host it names.</summary>
    public static ConnectProxy To(int port) => new(port, null);

    /// <summary>Refuses every request with a status, such as <c>407 Proxy Authentication Required</c>.</summary>
    public static ConnectProxy Refusing(string status) => new(0, status);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _accepting;
        await Task.WhenAll(_connections);
        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _connections.Add(ServeAsync(await _listener.AcceptSocketAsync(_stopping.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var far = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await using var near = new NetworkStream(socket, ownsSocket: true);
        try
        {
            var head = await ReadHeadAsync(near);
            Asked.Enqueue(head.Split(' ')[1]);
            if (_refusal is not null)
            {
                await near.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {_refusal}\r\nContent-Length: 0\r\n\r\n"), _stopping.Token);
                return;
            }

            await far.ConnectAsync(IPAddress.Loopback, _port, _stopping.Token);
            await near.WriteAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray(), _stopping.Token);
            await using var stream = new NetworkStream(far);
            await await Task.WhenAny(near.CopyToAsync(stream, _stopping.Token), stream.CopyToAsync(near, _stopping.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException)
        {
            // Either side ended it, or the proxy stops.
        }
    }

    private async Task<string> ReadHeadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one, _stopping.Token) > 0)
        {
            head.Append((char)one[0]);
        }

        return head.ToString();
    }
}
