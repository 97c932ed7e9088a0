using P2PShare.Protocol;

namespace P2PShare.Transfer.Trackers;

/// <summary>Server-sent events of which none is larger than a limit: a parser keeps an event in memory until it has come to its end.</summary>
/// <param name="stream">Owned.</param>
internal sealed class BoundedEvents(Stream stream) : Stream
{
    /// <summary>Greatest size of an event, with its blank line.</summary>
    public const int MaxBytes = 64 * 1024;

    private int _size;
    private bool _isLineEmpty = true;
    private bool _isAfterReturn;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="P2PShareException">NotATracker: an event is too large.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        Count(buffer.Span[..read]);
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            stream.Dispose();
        }

        base.Dispose(disposing);
    }

    // A line ends with a line feed, a carriage return, or both; an event with an empty line.
    private void Count(ReadOnlySpan<byte> bytes)
    {
        foreach (var one in bytes)
        {
            var isSecondHalf = one == '\n' && _isAfterReturn;
            _isAfterReturn = one == '\r';
            if (isSecondHalf)
            {
                continue;
            }

            var isEnd = one is (byte)'\n' or (byte)'\r';
            _size = isEnd && _isLineEmpty ? 0 : _size + 1;
            _isLineEmpty = isEnd;
            if (_size > MaxBytes)
            {
                throw new P2PShareException(
                    ErrorCode.NotATracker, "The tracker sent an event that is larger than 64 KiB, as none is. Use the same version of P2PShare as the tracker.");
            }
        }
    }
}
