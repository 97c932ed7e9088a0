namespace P2PShare.Unit.Protocol;

/// <summary>Bytes that come as a network brings them: now one, now many, never as they were sent.</summary>
internal sealed class ChunkedStream(ReadOnlyMemory<byte> bytes, Random random) : Stream
{
    /// <summary>How often it was read.</summary>
    public int Reads { get; private set; }

    /// <summary>Bytes that were read so far.</summary>
    public int Received { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        Reads++;
        // As often few as many.
        var most = Math.Min(Math.Min(buffer.Length, bytes.Length), 1 << random.Next(18));
        var count = most == 0 ? 0 : random.Next(1, most + 1);
        bytes.Span[..count].CopyTo(buffer);
        bytes = bytes[count..];
        Received += count;
        return count;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
