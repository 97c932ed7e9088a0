using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

/// <summary>Besides what <c>WireFuzzTests</c> tries with generated input.</summary>
public sealed class FrameReaderTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public async Task A_body_longer_than_the_buffer_is_read_whole()
    {
        var body = Enumerable.Range(0, 4 + 100_000).Select(i => (byte)i).ToArray();
        var frame = new byte[Frame.HeaderLength + body.Length];
        Frame.WriteHeader(frame, MessageId.Bitfield, body.Length);
        body.CopyTo(frame, Frame.HeaderLength);
        // A first frame, so that the second begins in the middle of the buffer.
        var reader = Reader([.. KeepAlive, .. frame, .. frame]);

        Assert.Equal((MessageId.KeepAlive, 0), await reader.ReadHeaderAsync(default));
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal((MessageId.Bitfield, body.Length), await reader.ReadHeaderAsync(default));
            Assert.Equal(body, (await reader.ReadAsync(body.Length, default)).ToArray());
        }
    }

    [Fact]
    public async Task The_bytes_of_a_block_are_taken_from_the_buffer_and_from_the_stream()
    {
        var bytes = Enumerable.Range(0, 200_000).Select(i => (byte)(i * 7)).ToArray();
        var reader = Reader([.. KeepAlive, .. bytes, .. KeepAlive]);
        await reader.ReadHeaderAsync(default);
        var destination = new byte[bytes.Length];

        await reader.ReadIntoAsync(destination, default);

        Assert.Equal(bytes, destination);
        Assert.Equal((MessageId.KeepAlive, 0), await reader.ReadHeaderAsync(default));
    }

    [Fact]
    public async Task Skipped_bytes_are_passed_over()
    {
        var reader = Reader([.. KeepAlive, .. new byte[200_000].Select(_ => (byte)0xFF), .. KeepAlive]);
        await reader.ReadHeaderAsync(default);

        await reader.SkipAsync(200_000, default);

        Assert.Equal((MessageId.KeepAlive, 0), await reader.ReadHeaderAsync(default));
    }

    [Fact]
    public async Task The_end_of_the_stream_is_an_error_wherever_it_comes()
    {
        await Assert.ThrowsAsync<EndOfStreamException>(() => Reader([]).ReadHeaderAsync(default).AsTask());
        await Assert.ThrowsAsync<EndOfStreamException>(() => Reader([0, 0]).ReadHeaderAsync(default).AsTask());
        await Assert.ThrowsAsync<EndOfStreamException>(() => Reader([1]).ReadAsync(2, default).AsTask());
        await Assert.ThrowsAsync<EndOfStreamException>(() => Reader([1]).ReadIntoAsync(new byte[2], default).AsTask());
        await Assert.ThrowsAsync<EndOfStreamException>(() => Reader([1]).SkipAsync(2, default).AsTask());
    }

    [Fact]
    public async Task A_message_is_not_counted_as_bytes_of_a_piece()
    {
        var started = _clock.GetTimestamp();
        var reader = Reader([.. KeepAlive, 1, 2, 3]);
        _clock.Advance(TimeSpan.FromSeconds(5));
        await reader.ReadHeaderAsync(default);
        Assert.Equal(TimeSpan.FromSeconds(5), _clock.GetElapsedTime(started, reader.LastReceived));
        Assert.Equal(started, reader.LastPieceBytes);

        _clock.Advance(TimeSpan.FromSeconds(5));
        await reader.ReadIntoAsync(new byte[3], default);

        Assert.Equal(TimeSpan.FromSeconds(10), _clock.GetElapsedTime(started, reader.LastPieceBytes));
    }

    private static byte[] KeepAlive => [0, 0, 0, 0];

    private FrameReader Reader(byte[] bytes) => new(new MemoryStream(bytes), _clock);
}
