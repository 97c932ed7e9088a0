using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace P2PShare.Bench.Swarm;

/// <summary>What one TCP connection over one link carries: the measure that everything else is held against.</summary>
internal static class LinkRate
{
    private const int Port = 7000;
    private const int Bytes = 16 * 1024 * 1024;

    /// <returns>Payload bytes a second from one host to another.</returns>
    public static async Task<double> MeasureAsync(Host from, Host to, CancellationToken cancellationToken)
    {
        using var pouring = from.Start(Program.Self[0], [.. Program.Self[1..], "pour", from.Address]);
        await pouring.AnswerAsync(cancellationToken);
        using var draining = to.Start(Program.Self[0], [.. Program.Self[1..], "drain", from.Address]);
        return double.Parse(await draining.AnswerAsync(cancellationToken), CultureInfo.InvariantCulture);
    }

    /// <summary>The sending side, in a process of its own.</summary>
    public static async Task<int> PourAsync(string address)
    {
        using var listener = new TcpListener(IPAddress.Parse(address), Port);
        listener.Start();
        Console.WriteLine("ok");
        using var client = await listener.AcceptTcpClientAsync();
        await client.GetStream().WriteAsync(new byte[Bytes]);
        client.Client.Shutdown(SocketShutdown.Send);
        return await client.GetStream().ReadAsync(new byte[1]);
    }

    /// <summary>The receiving side, in a process of its own.</summary>
    public static async Task<int> DrainAsync(string address)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Parse(address), Port);
        var watch = Stopwatch.StartNew();
        var buffer = new byte[256 * 1024];
        var total = 0L;
        while (await client.GetStream().ReadAsync(buffer) is var count and > 0)
        {
            total += count;
        }

        Console.WriteLine((total / watch.Elapsed.TotalSeconds).ToString(CultureInfo.InvariantCulture));
        return 0;
    }
}
