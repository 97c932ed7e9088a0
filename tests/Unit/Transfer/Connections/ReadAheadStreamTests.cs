using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

public sealed class ReadAheadStreamTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Small_reads_are_served_from_few_large_ones(bool isBlocking)
    {
        var bytes = FakeContent.Bytes(0, 3_000_000);
        var network = new CountingStream(bytes);
        await using var stream = new ReadAheadStream(network, isBlocking);
        var received = new List<byte>();
        var buffer = new byte[5000];
        for (int read; (read = await stream.ReadAsync(buffer)) > 0;)
        {
            received.AddRange(buffer.AsSpan(0, read));
        }

        Assert.Equal(bytes, received);
        // From 16 KiB each read doubles, up to a mebibyte.
        Assert.InRange(network.Reads, 7, 12);
        // A blocking socket never gets an asynchronous call: its first one would make it non-blocking.
        Assert.Equal(isBlocking, network.AsyncCalls == 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Writes_go_straight_through(bool isBlocking)
    {
        var network = new CountingStream([]);
        await using var stream = new ReadAheadStream(network, isBlocking);

        await stream.WriteAsync(new byte[] { 1, 2 });
        await stream.WriteAsync(new byte[] { 4 }.AsMemory(), CancellationToken.None);
        stream.Write([5, 6], 0, 2);
        await stream.FlushAsync();

        Assert.Equal([1, 2, 4, 5, 6], network.ToArray());
        Assert.Equal(isBlocking, network.AsyncCalls == 0);
    }

    [Fact]
    public void The_network_stream_is_disposed_with_it()
    {
        var network = new CountingStream([]);

        new ReadAheadStream(network, isBlocking: false).Dispose();

        Assert.False(network.CanRead);
    }

    private sealed class CountingStream(byte[] bytes) : MemoryStream
    {
        private int _position;

        public int Reads { get; private set; }

        public int AsyncCalls { get; private set; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            Reads++;
            var read = Math.Min(count, bytes.Length - _position);
            bytes.AsSpan(_position, read).CopyTo(buffer.AsSpan(offset));
            _position += read;
            return read;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            AsyncCalls++;
            var copy = new byte[buffer.Length];
            var read = Read(copy, 0, copy.Length);
            copy.AsSpan(0, read).CopyTo(buffer.Span);
            return ValueTask.FromResult(read);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            AsyncCalls++;
            Write(buffer.Span);
            return ValueTask.CompletedTask;
        }
    }
}
