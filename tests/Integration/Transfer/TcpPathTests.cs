using System.Net;
using System.Net.Sockets;
using P2PShare.Transfer.Connections;

namespace P2PShare.Integration.Transfer;

public sealed class TcpPathTests
{
    [Fact]
    public async Task The_kernel_finds_loopback_near_and_without_loss_until_the_socket_is_closed()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var sender = new TcpClient();
        await sender.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using var receiver = await listener.AcceptTcpClientAsync();
        var bytes = new byte[1024 * 1024];
        var sending = sender.GetStream().WriteAsync(bytes).AsTask();
        await receiver.GetStream().ReadExactlyAsync(bytes);
        await sending;

        foreach (var socket in new[] { sender.Client, receiver.Client })
        {
            var path = TcpPath.Read(socket);
            Assert.Equal(OperatingSystem.IsLinux(), path is not null);
            Assert.NotEqual(true, path?.IsFar);
            Assert.Equal(0, path?.OutOfOrder ?? 0);
            socket.Dispose();
            Assert.Null(TcpPath.Read(socket));
        }
    }
}
