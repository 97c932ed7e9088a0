using System.Net;
using System.Net.Sockets;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.Transfer;

/// <summary>How a connection to a tracker does not come about.</summary>
public enum Breaking
{
    /// <summary>It is accepted and closed.</summary>
    BeforeTls,

    /// <summary>It is closed after the first message of TLS.</summary>
    InTls,

    /// <summary>It is reset after the first message of TLS.</summary>
    Reset,

    /// <summary>It is accepted, and nothing comes.</summary>
    NeverTls,

    /// <summary>What answers does not speak TLS.</summary>
    OtherProgram,
}

/// <summary>Listens where a tracker should, and breaks every connection.</summary>
internal sealed class BrokenTracker : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Breaking _breaking;
    private readonly Task _accepting;

    public BrokenTracker(Breaking breaking)
    {
        _breaking = breaking;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public TrackerAddress Address => new("127.0.0.1", ((IPEndPoint)_listener.LocalEndpoint).Port, new Hash256(new byte[Hash256.Size]));

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Socket>();
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_stopping.Token);
                open.Add(socket);
                if (_breaking is Breaking.InTls or Breaking.Reset or Breaking.OtherProgram)
                {
                    await socket.ReceiveAsync(new byte[4096], _stopping.Token);
                }

                if (_breaking == Breaking.OtherProgram)
                {
                    await socket.SendAsync("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), _stopping.Token);
                }
                else if (_breaking != Breaking.NeverTls)
                {
                    socket.LingerState = new LingerOption(_breaking == Breaking.Reset, 0);
                    socket.Close();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }

        open.ForEach(socket => socket.Dispose());
    }
}
