using System.Buffers;
using P2PShare.Protocol.Wire;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// Sends what goes out on one connection: small messages at once and in order, between them the blocks that the other side
/// requested. One loop writes; any thread may add.
/// </summary>
internal sealed class FrameWriter(Stream stream, BandwidthLimiter limiter) : IDisposable
{
    // A peer that requests without reading what it gets is dropped when this much waits for it.
    private const int MaxWaitingBytes = 4 * 1024 * 1024;
    private const int MaxWaitingBlocks = 1024;

    // Blocks are read from disk in steps of these lengths: the usual request at once, and less when very many peers are served
    // together. Bounds the memory that a thousand slow receivers hold.
    private const int LargeStep = 256 * 1024;
    private const int SmallStep = 32 * 1024;
    private const int MaxLarge = 64;

    private static int _sendingNow;

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly LinkedList<(IBlockSource Source, BlockRange Range)> _blocks = new();
    private ArrayBufferWriter<byte> _waiting = new(4096);
    private ArrayBufferWriter<byte> _sending = new(4096);
    private bool _isCompleted;

    /// <summary>Blocks that wait to be sent.</summary>
    public int WaitingBlocks
    {
        get
        {
            lock (_lock)
            {
                return _blocks.Count;
            }
        }
    }

    /// <summary>Adds a whole frame. Adds nothing after <see cref="Complete"/>.</summary>
    /// <returns>False if too much waits already: the other side does not read.</returns>
    public bool TryAdd(ReadOnlySpan<byte> frame)
    {
        lock (_lock)
        {
            if (_waiting.WrittenCount > MaxWaitingBytes)
            {
                return false;
            }

            if (!_isCompleted)
            {
                _waiting.Write(frame);
            }
        }

        Wake();
        return true;
    }

    /// <summary>Adds a block to send, behind those already waiting.</summary>
    /// <exception cref="WireException">The other side requests more blocks than it may.</exception>
    public void AddBlock(IBlockSource source, BlockRange range)
    {
        lock (_lock)
        {
            if (_blocks.Count >= MaxWaitingBlocks)
            {
                throw new WireException($"More than {MaxWaitingBlocks} requests wait on one connection.");
            }

            _blocks.AddLast((source, range));
        }

        Wake();
    }

    /// <summary>Removes waiting blocks.</summary>
    /// <returns>How many there were.</returns>
    public int RemoveBlocks(Func<IBlockSource, BlockRange, bool> match)
    {
        lock (_lock)
        {
            var removed = 0;
            for (var node = _blocks.First; node is not null;)
            {
                var next = node.Next;
                if (match(node.Value.Source, node.Value.Range))
                {
                    _blocks.Remove(node);
                    removed++;
                }

                node = next;
            }

            return removed;
        }
    }

    /// <summary>Lets <see cref="RunAsync"/> end when what waits is sent; blocks that wait are dropped.</summary>
    public void Complete()
    {
        lock (_lock)
        {
            _isCompleted = true;
            _blocks.Clear();
        }

        Wake();
    }

    /// <summary>Writes until completed, cancelled or the connection breaks.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _wake.WaitAsync(cancellationToken).ConfigureAwait(false);
            await SendWaitingAsync(cancellationToken).ConfigureAwait(false);
            lock (_lock)
            {
                if (_isCompleted && _waiting.WrittenCount == 0)
                {
                    return;
                }
            }
        }
    }

    public void Dispose() => _wake.Dispose();

    // The buffer is returned when nothing waits: of many connections few are sending.
    private async ValueTask SendWaitingAsync(CancellationToken cancellationToken)
    {
        byte[]? buffer = null;
        try
        {
            while (TakeNext(out var block))
            {
                if (_sending.WrittenCount > 0)
                {
                    await stream.WriteAsync(_sending.WrittenMemory, cancellationToken).ConfigureAwait(false);
                    _sending.ResetWrittenCount();
                }

                if (block is var (source, range))
                {
                    if (buffer is null)
                    {
                        var isLarge = Interlocked.Increment(ref _sendingNow) <= MaxLarge;
                        buffer = ArrayPool<byte>.Shared.Rent(Frame.HeaderLength + PieceHeader.Length + (isLarge ? LargeStep : SmallStep));
                    }

                    await SendBlockAsync(buffer, source, range, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            if (buffer is not null)
            {
                Interlocked.Decrement(ref _sendingNow);
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    private bool TakeNext(out (IBlockSource Source, BlockRange Range)? block)
    {
        lock (_lock)
        {
            block = null;
            if (_waiting.WrittenCount > 0)
            {
                (_waiting, _sending) = (_sending, _waiting);
            }

            if (_blocks.First is { } first)
            {
                block = first.Value;
                _blocks.RemoveFirst();
            }

            return block is not null || _sending.WrittenCount > 0;
        }
    }

    private async ValueTask SendBlockAsync(byte[] buffer, IBlockSource source, BlockRange range, CancellationToken cancellationToken)
    {
        var filled = new PieceHeader(range.Channel, range.Piece, range.Begin).Write(buffer, range.Count);
        for (var sent = 0; sent < range.Count;)
        {
            var step = Math.Min(range.Count - sent, buffer.Length - filled);
            try
            {
                source.Read((long)range.Piece * source.PieceLength + range.Begin + sent, buffer.AsSpan(filled, step));
            }
            catch (Exception e) when (e is Protocol.P2PShareException or IOException or ObjectDisposedException)
            {
                if (sent == 0)
                {
                    var length = range.Write(buffer, MessageId.Reject);
                    await stream.WriteAsync(buffer.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
                }

                source.ReportUnreadable(e);
                if (sent > 0)
                {
                    // What was announced cannot be sent, and nothing else can take its place.
                    throw new IOException("A block could not be read to its end.", e);
                }

                return;
            }

            await SendLimitedAsync(source, buffer.AsMemory(0, filled + step), header: filled, cancellationToken).ConfigureAwait(false);
            sent += step;
            filled = 0;
        }
    }

    /// <param name="header">Bytes at the beginning that are not of the content.</param>
    private async ValueTask SendLimitedAsync(IBlockSource source, ReadOnlyMemory<byte> bytes, int header, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            var slice = bytes[..Math.Min(bytes.Length, limiter.SliceLength)];
            await limiter.WaitAsync(slice.Length, cancellationToken).ConfigureAwait(false);
            // Before the write: the other side may have read the last of it, and closed the channel, before the write returns.
            source.CountUpload(Math.Max(0, slice.Length - header));
            header = Math.Max(0, header - slice.Length);
            await stream.WriteAsync(slice, cancellationToken).ConfigureAwait(false);
            bytes = bytes[slice.Length..];
        }
    }

    private void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // The loop is about to run anyway.
        }
        catch (ObjectDisposedException)
        {
            // The connection has ended.
        }
    }
}
