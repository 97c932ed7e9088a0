using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Downloading;
using P2PShare.Unit.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class ChannelSourceTests : ConnectionTest
{
    [Fact]
    public async Task A_close_that_comes_before_the_listener_is_not_lost()
    {
        var (connection, remote, _) = Run(isDialled: true);
        var source = new ChannelSource(connection.Open(new FakeContent(), Group, Listed()));
        Assert.False(source.IsClosed);
        var close = new byte[20];
        await remote.SendAsync(close.AsMemory(0, new CloseMessage(1, CloseReason.NotOffered).Write(close)));
        await Eventually.HoldsAsync(() => connection.ChannelCount == 0, "the close has come");

        var listener = new FakeListener();
        Assert.Null(source.Listen(listener));

        // The connection stays, and the download sees that the channel is gone, and why.
        Assert.True(source.IsClosed);
        Assert.Equal(CloseReason.NotOffered, source.RemoteReason);
        Assert.False(connection.IsClosed);
        Assert.Empty(listener.Calls);
    }

    [Fact]
    public async Task A_connection_that_was_refused_before_the_listener_came_is_not_lost()
    {
        var (connection, remote, running) = Run(isDialled: true);
        var source = new ChannelSource(connection.Open(new FakeContent(), Group, Listed()));
        var close = new byte[20];
        await remote.SendAsync(close.AsMemory(0, new CloseMessage(0, CloseReason.TicketRefused).Write(close)));
        await running.WaitAsync(Limit);

        Assert.Equal((true, CloseReason.TicketRefused), (source.IsClosed, source.RemoteReason));
    }
}
