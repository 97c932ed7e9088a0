using System.Buffers;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Sharing;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// What goes out on one connection: small messages at once and in order, between them the blocks that the other side
/// asked for. One loop writes; anyone may add.
/// </summary>
internal sealed class FrameWriter(Stream stream, BandwidthLimiter limiter) : IDisposable
{
    // A side that asks without reading what it gets is dropped when this much waits for it.
    private const int MaxWaitingBytes = 4 * 1024 * 1024;
    private const int MaxWaitingBlocks = 1024;

    // Blocks are read from disk in steps of these lengths: the usual request at once, and less where very many are served
    // together. Bounds what a thousand slow receivers hold.
    private const int LargeStep = 256 * 1024;
    private const int SmallStep = 32 * 1024;
    private const int MaxLarge = 64;

    private static int _sendingNow;

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly LinkedList<(ContentChannel Channel, BlockRange Range)> _blocks = new();
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

    /// <summary>Adds a whole frame; nothing once completed.</summary>
    /// <returns>False where too much waits already: the other side does not read.</returns>
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
    /// <exception cref="WireException">The other side asks for more blocks than it may.</exception>
    public void AddBlock(ContentChannel channel, BlockRange range)
    {
        lock (_lock)
        {
            if (_blocks.Count >= MaxWaitingBlocks)
            {
                throw new WireException($"More than {MaxWaitingBlocks} requests wait on one connection.");
            }

            _blocks.AddLast((channel, range));
        }

        Wake();
    }

    /// <summary>Takes waiting blocks back.</summary>
    /// <returns>How many there were.</returns>
    public int RemoveBlocks(Func<ContentChannel, BlockRange, bool> match)
    {
        lock (_lock)
        {
            var removed = 0;
            for (var node = _blocks.First; node is not null;)
            {
                var next = node.Next;
                if (match(node.Value.Channel, node.Value.Range))
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
    /// <param name="onUnreadable">Told when a content can no longer be read; the block is rejected by then.</param>
    public async Task RunAsync(Action<OfferedContent, Exception> onUnreadable, CancellationToken cancellationToken)
    {
        while (true)
        {
            await _wake.WaitAsync(cancellationToken).ConfigureAwait(false);
            await SendWaitingAsync(onUnreadable, cancellationToken).ConfigureAwait(false);
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

    // The buffer is given back when nothing waits: of many connections few are sending.
    private async ValueTask SendWaitingAsync(Action<OfferedContent, Exception> onUnreadable, CancellationToken cancellationToken)
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

                if (block is var (channel, range))
                {
                    if (buffer is null)
                    {
                        var isLarge = Interlocked.Increment(ref _sendingNow) <= MaxLarge;
                        buffer = ArrayPool<byte>.Shared.Rent(Frame.HeaderLength + PieceHeader.Length + (isLarge ? LargeStep : SmallStep));
                    }

                    await SendBlockAsync(buffer, channel, range, onUnreadable, cancellationToken).ConfigureAwait(false);
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

    private bool TakeNext(out (ContentChannel Channel, BlockRange Range)? block)
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

    private async ValueTask SendBlockAsync(
        byte[] buffer, ContentChannel channel, BlockRange range, Action<OfferedContent, Exception> onUnreadable, CancellationToken cancellationToken)
    {
        var filled = new PieceHeader(range.Channel, range.Piece, range.Begin).Write(buffer, range.Count);
        for (var sent = 0; sent < range.Count;)
        {
            var step = Math.Min(range.Count - sent, buffer.Length - filled);
            try
            {
                channel.Offered.Read(
                    (long)range.Piece * channel.Offered.Description.PieceLength + range.Begin + sent, buffer.AsSpan(filled, step));
            }
            catch (Exception e) when (e is Protocol.P2PShareException or IOException or ObjectDisposedException)
            {
                if (sent == 0)
                {
                    var length = range.Write(buffer, MessageId.Reject);
                    await stream.WriteAsync(buffer.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
                }

                onUnreadable(channel.Offered, e);
                if (sent > 0)
                {
                    // What was announced cannot be sent, and nothing else can take its place.
                    throw new IOException("A block could not be read to its end.", e);
                }

                return;
            }

            await SendLimitedAsync(channel, buffer.AsMemory(0, filled + step), header: filled, cancellationToken).ConfigureAwait(false);
            sent += step;
            filled = 0;
        }
    }

    /// <param name="header">So many bytes at the beginning are none of the content.</param>
    private async ValueTask SendLimitedAsync(ContentChannel channel, ReadOnlyMemory<byte> bytes, int header, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            var slice = bytes[..Math.Min(bytes.Length, limiter.SliceLength)];
            await limiter.WaitAsync(slice.Length, cancellationToken).ConfigureAwait(false);
            // Before: the other side may have the last of it, and close the channel, before this goes on.
            channel.CountUpload(Math.Max(0, slice.Length - header));
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
            // The loop is about to look anyway.
        }
        catch (ObjectDisposedException)
        {
            // The connection has ended.
        }
    }
}
