using System.Net;
using System.Net.Sockets;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Support;

/// <summary>A TCP proxy in front of a tracker that can drop the tracker's responses.</summary>
internal sealed class AnswerThief : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _connections = [];
    private readonly Task _accepting;
    private readonly int _target;
    private volatile bool _keeps;
    private CancellationTokenSource _cut = new();

    private AnswerThief(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public static AnswerThief StandBefore(TrackerAddress tracker) => new(tracker.Port);

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Drops every response from now on.</summary>
    public void Keep() => _keeps = true;

    /// <summary>Ends all connections, as if the tracker were killed; later ones are passed on again.</summary>
    public async Task CutAsync()
    {
        var cut = _cut;
        _cut = new CancellationTokenSource();
        await cut.CancelAsync();
        _keeps = false;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _accepting;
        await CutAsync();
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
                _connections.Add(RelayAsync(await _listener.AcceptSocketAsync(_stopping.Token), _cut.Token));
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private async Task RelayAsync(Socket near, CancellationToken cut)
    {
        using var far = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (near)
        {
            try
            {
                near.NoDelay = true;
                await far.ConnectAsync(IPAddress.Loopback, _target, cut);
                await await Task.WhenAny(PumpAsync(near, far, isAnswer: false, cut), PumpAsync(far, near, isAnswer: true, cut));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // Either side ended it, or it was cut.
            }

            near.LingerState = new LingerOption(true, 0);
        }
    }

    private async Task PumpAsync(Socket from, Socket to, bool isAnswer, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        while (await from.ReceiveAsync(buffer, cancellationToken) is var read and > 0)
        {
            for (var chunk = buffer.AsMemory(0, read); !chunk.IsEmpty && !(isAnswer && _keeps);)
            {
                chunk = chunk[await to.SendAsync(chunk, cancellationToken)..];
            }
        }
    }
}
