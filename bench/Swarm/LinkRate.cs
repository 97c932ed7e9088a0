using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace P2PShare.Bench.Swarm;

/// <summary>What one TCP connection over one link carries: the measure that everything else is compared with.</summary>
internal static class LinkRate
{
    public const string SenderRole = "send";
    public const string ReceiverRole = "receive";

    private const int Port = 7000;
    private const int Bytes = 16 * 1024 * 1024;

    /// <returns>Payload bytes a second from one host to another.</returns>
    public static async Task<double> MeasureAsync(Host from, Host to, CancellationToken cancellationToken)
    {
        await using var sender = from.StartRole([SenderRole, from.Address], Lab.SharedCores);
        await sender.ReadLineAsync(cancellationToken);
        await using var receiver = to.StartRole([ReceiverRole, from.Address], Lab.SharedCores);
        return double.Parse(await receiver.ReadLineAsync(cancellationToken), CultureInfo.InvariantCulture);
    }

    /// <summary>The sending side, in a process of its own.</summary>
    public static async Task SendAsync(string address)
    {
        using var listener = new TcpListener(IPAddress.Parse(address), Port);
        listener.Start();
        Console.WriteLine("ok");
        using var client = await listener.AcceptTcpClientAsync();
        await client.GetStream().WriteAsync(new byte[Bytes]);
        client.Client.Shutdown(SocketShutdown.Send);
        _ = await client.GetStream().ReadAsync(new byte[1]);
    }

    /// <summary>The receiving side, in a process of its own.</summary>
    public static async Task ReceiveAsync(string address)
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
    }
}
