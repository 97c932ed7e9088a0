using P2PShare.Protocol.Wire;

namespace P2PShare.Transfer.Connections;

/// <summary>Cuts a stream into frames. Small bodies are read from its own buffer, a piece's bytes go straight where they belong.</summary>
internal sealed class FrameReader(Stream stream, TimeProvider clock)
{
    // Grows with what comes: of a thousand connections few receive much.
    private const int FirstLength = 4 * 1024;
    private const int KeptLength = 64 * 1024;

    private byte[] _buffer = new byte[FirstLength];
    private int _start;
    private int _end;

    /// <summary>When bytes came last: a timestamp of the clock.</summary>
    public long LastReceived { get; private set; } = clock.GetTimestamp();

    /// <summary>When bytes of a piece came last, as <see cref="LastReceived"/>: a peer may send messages and no piece.</summary>
    public long LastPieceBytes { get; private set; } = clock.GetTimestamp();

    /// <summary>Waits for the next header.</summary>
    /// <exception cref="WireException">What came is not a header.</exception>
    /// <exception cref="EndOfStreamException">The other side closed the connection.</exception>
    public async ValueTask<(MessageId Id, int BodyLength)> ReadHeaderAsync(CancellationToken cancellationToken)
    {
        MessageId id;
        int headerLength;
        int bodyLength;
        while (!Frame.TryReadHeader(_buffer.AsSpan(_start, _end - _start), out id, out headerLength, out bodyLength))
        {
            await FillAsync(Frame.HeaderLength, cancellationToken).ConfigureAwait(false);
        }

        _start += headerLength;
        return (id, bodyLength);
    }

    /// <summary>Reads bytes of a body; they stay valid until the next call.</summary>
    /// <param name="length">Within the bounds that the header was checked against.</param>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(int length, CancellationToken cancellationToken)
    {
        while (_end - _start < length)
        {
            await FillAsync(length, cancellationToken).ConfigureAwait(false);
        }

        var body = _buffer.AsMemory(_start, length);
        _start += length;
        return body;
    }

    /// <summary>Reads bytes of a body to where they belong.</summary>
    public async ValueTask ReadIntoAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        var buffered = Math.Min(destination.Length, _end - _start);
        _buffer.AsMemory(_start, buffered).CopyTo(destination);
        _start += buffered;
        destination = destination[buffered..];
        LastPieceBytes = clock.GetTimestamp();
        while (!destination.IsEmpty)
        {
            var read = await stream.ReadAsync(destination, cancellationToken).ConfigureAwait(false);
            CountReceived(read);
            LastPieceBytes = LastReceived;
            destination = destination[read..];
        }
    }

    /// <summary>Passes over bytes of a body.</summary>
    public async ValueTask SkipAsync(int length, CancellationToken cancellationToken)
    {
        while (length > 0)
        {
            if (_start == _end)
            {
                await FillAsync(1, cancellationToken).ConfigureAwait(false);
            }

            var skipped = Math.Min(length, _end - _start);
            _start += skipped;
            length -= skipped;
        }
    }

    private async ValueTask FillAsync(int wanted, CancellationToken cancellationToken)
    {
        if (_start == _end)
        {
            _start = _end = 0;
            // A long bitfield or ticket was read.
            if (_buffer.Length > KeptLength)
            {
                _buffer = new byte[FirstLength];
            }
        }
        else if (_start > 0 && _buffer.Length - _start < wanted)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_buffer.Length < wanted)
        {
            Array.Resize(ref _buffer, wanted);
        }

        var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
        CountReceived(read);
        _end += read;
        if (_end == _buffer.Length && _buffer.Length < KeptLength)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }
    }

    private void CountReceived(int read)
    {
        LastReceived = clock.GetTimestamp();
        if (read == 0)
        {
            throw new EndOfStreamException("The other side closed the connection.");
        }
    }
}
