using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using ZstdSharp;

namespace P2PShare.Unit.Transfer.Connections;

public sealed class PeerReceiverTests : ConnectionTest
{
    private readonly FakeContent _content = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_bytes_of_a_block_go_to_the_download(bool isBulk)
    {
        var (connection, remote, _) = Run(isDialled: true, isBulk);
        var listener = Listen(connection);

        await remote.SendAsync(Piece(1, 2, FakeContent.Bytes(5, 100_000)));
        await remote.SendAsync(Piece(1, 3, FakeContent.Bytes(9, 10)));

        await Eventually.HoldsAsync(() => listener.Received.Count == 2, "both blocks have come");
        Assert.Equal([FakeContent.Bytes(5, 100_000), FakeContent.Bytes(9, 10)], listener.Received.Select(block => block.Bytes));
        Assert.Equal([2, 3], listener.Received.Select(block => block.Header.Piece));
    }

    [Fact]
    public async Task The_bytes_of_a_packed_block_go_to_the_download_as_they_were()
    {
        var (connection, remote, _) = Run(isDialled: true);
        var listener = Listen(connection);

        await remote.SendAsync(Packed(piece: 2, new byte[100_000], count: 100_000));
        await remote.SendAsync(Piece(1, 3, FakeContent.Bytes(9, 10)));

        await Eventually.HoldsAsync(() => listener.Received.Count == 2, "both blocks have come");
        Assert.Equal([new byte[100_000], FakeContent.Bytes(9, 10)], listener.Received.Select(block => block.Bytes));
    }

    [Theory]
    // Fewer and more bytes than announced: a bomb is written no further than the block goes.
    [InlineData(1_000, 100_000)]
    [InlineData(1_000_000, 100_000)]
    public async Task A_packed_block_that_becomes_another_number_of_bytes_ends_the_connection(int bytes, int count)
    {
        var (connection, remote, running) = Run(isDialled: true);
        var listener = Listen(connection);

        await remote.SendAsync(Packed(piece: 2, new byte[bytes], count));

        Assert.Equal(new CloseMessage(0, CloseReason.ProtocolError), await remote.ReceiveCloseAsync());
        await running.WaitAsync(Limit);
        Assert.Equal(["aborted 2", "lost"], listener.Calls);
        Assert.Contains(Log, line => line.Contains("packed piece", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Blocks_that_are_not_needed_are_skipped()
    {
        var (connection, remote, _) = Run(isDialled: true);
        var listener = Listen(connection, new FakeListener { TakesBlocks = false });

        // The second one is for a channel that does not exist.
        await remote.SendAsync(Piece(1, 2, new byte[200_000]));
        await remote.SendAsync(Piece(5, 2, new byte[200_000]));
        await remote.HaveAllAsync(1);

        await Eventually.HoldsAsync(() => !listener.Calls.IsEmpty, "the message behind them is handled");
        Assert.Equal(["bitfield 4"], listener.Calls);
        Assert.Empty(listener.Received);
    }

    [Fact]
    public async Task A_block_that_breaks_off_is_aborted_and_the_channel_lost()
    {
        var (connection, remote, running) = Run(isDialled: true);
        var listener = Listen(connection);

        await remote.SendAsync(Piece(1, 2, new byte[1000]).AsMemory(0, 500));
        await remote.DisposeAsync();

        await running.WaitAsync(Limit);
        Assert.Equal(["aborted 2", "lost"], listener.Calls);
    }

    [Fact]
    public async Task A_reading_thread_ends_with_the_connection()
    {
        var (near, far) = DuplexStream.CreatePair();
        var receiver = new PeerReceiver(Idle(isDialled: true), Context, new FrameReader(near, Clock));
        var buffer = new byte[20];
        await far.WriteAsync(buffer.AsMemory(0, new CloseMessage(0, CloseReason.Done).Write(buffer)));

        await receiver.RunOnThreadAsync(CancellationToken.None).WaitAsync(Limit);
        await far.DisposeAsync();

        await Assert.ThrowsAsync<EndOfStreamException>(() => receiver.RunOnThreadAsync(CancellationToken.None).WaitAsync(Limit));
    }

    [Fact]
    public async Task A_block_that_was_not_requested_ends_the_connection()
    {
        var (connection, remote, running) = Run(isDialled: true);
        Listen(connection);

        await remote.SendAsync(Piece(1, 99, new byte[10]));

        Assert.Equal(new CloseMessage(0, CloseReason.ProtocolError), await remote.ReceiveCloseAsync());
        await running.WaitAsync(Limit);
        Assert.Contains("127.0.0.1:1002 was dropped: Bytes of piece 99 came that were not asked for.", Log);
    }

    [Fact]
    public async Task A_block_before_hello_ends_the_connection_before_its_bytes_are_read()
    {
        var (_, remote, running) = Run();

        await remote.SendAsync(Piece(1, 0, new byte[1000]).AsMemory(0, Frame.HeaderLength));

        Assert.Equal(new CloseMessage(0, CloseReason.ProtocolError), await remote.ReceiveCloseAsync());
        await running.WaitAsync(Limit);
    }

    [Fact]
    public async Task A_frame_that_no_kind_allows_ends_the_connection()
    {
        var (_, remote, running) = Run();

        await remote.SendAsync(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF });

        Assert.Equal(new CloseMessage(0, CloseReason.ProtocolError), await remote.ReceiveCloseAsync());
        await running.WaitAsync(Limit);
    }

    private static byte[] Packed(int piece, byte[] plain, int count)
    {
        using var compressor = new Compressor();
        var packed = compressor.Wrap(plain);
        var frame = new byte[Frame.HeaderLength + PackedPieceHeader.Length + packed.Length];
        packed.CopyTo(frame.AsSpan(new PackedPieceHeader(1, piece, 0, count).Write(frame, packed.Length)));
        return frame;
    }

    private static byte[] Piece(uint channel, int piece, byte[] bytes)
    {
        var frame = new byte[Frame.HeaderLength + PieceHeader.Length + bytes.Length];
        bytes.CopyTo(frame, new PieceHeader(channel, piece, 0).Write(frame, bytes.Length));
        return frame;
    }

    private FakeListener Listen(PeerConnection connection, FakeListener? listener = null)
    {
        listener ??= new FakeListener();
        connection.Open(_content, Group, Listed()).SetListener(listener);
        return listener;
    }
}
