using System.Buffers;
using P2PShare.Protocol;
using P2PShare.Protocol.Wire;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// Sends what goes out on one connection: small messages at once and in order, between them the answers to requests of the other
/// side. Requests wait, answers do not: an answer is made when it can be written. One loop writes; any thread may add.
/// </summary>
/// <param name="drained">Called when there is room for requests again after a block was rejected.</param>
internal sealed class FrameWriter(Stream stream, BandwidthLimiter limiter, SendBudget budget, TimeProvider clock, Action drained) : IDisposable
{
    // A peer that does not read is dropped when more than this waits for it.
    private const int MaxWaitingBytes = 256 * 1024;

    // Of many connections few are sending: what is longer is not kept.
    private const int KeptBytes = 16 * 1024;
    private const int FirstBytes = 256;

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly AnswerQueue _answers = new();
    private readonly WatchedWriter _writer = new(stream, clock);
    private ArrayBufferWriter<byte> _waiting = new(FirstBytes);
    private ArrayBufferWriter<byte> _sending = new(FirstBytes);
    private bool _isCompleted;

    /// <summary>The user to whom it sends; null while that is not known.</summary>
    public SendBudget.User? User { get; set; }

    /// <summary>Blocks that wait to be sent.</summary>
    public int WaitingBlocks
    {
        get
        {
            lock (_lock)
            {
                return _answers.BlockCount;
            }
        }
    }

    /// <summary>Bytes of messages that wait to be sent.</summary>
    public int WaitingBytes => Volatile.Read(ref _waiting).WrittenCount;

    /// <inheritdoc cref="WatchedWriter.IsStuck"/>
    public bool IsStuck() => _writer.IsStuck();

    /// <summary>Adds a whole frame. Adds nothing after <see cref="Complete"/>.</summary>
    /// <returns>False if too much waits already: the other side does not read.</returns>
    public bool TryAdd(ReadOnlySpan<byte> frame)
    {
        lock (_lock)
        {
            if (_waiting.WrittenCount > 0 && _waiting.WrittenCount + frame.Length > MaxWaitingBytes)
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
    /// <returns>False if too many wait.</returns>
    public bool TryAddBlock(IBlockSource source, BlockRange range)
    {
        lock (_lock)
        {
            if (!_answers.TryAdd(source, range))
            {
                return false;
            }
        }

        Wake();
        return true;
    }

    /// <summary>Adds hashes to send, behind those already waiting and before all blocks.</summary>
    /// <returns>False if too many wait.</returns>
    public bool TryAddHashes(IBlockSource source, HashRange range)
    {
        lock (_lock)
        {
            if (!_answers.TryAdd(source, range))
            {
                return false;
            }
        }

        Wake();
        return true;
    }

    /// <returns>How many blocks were removed.</returns>
    public int RemoveBlocks(BlockRange range)
    {
        lock (_lock)
        {
            return _answers.RemoveBlocks(range);
        }
    }

    /// <summary>Removes all that waits for a channel.</summary>
    public void Remove(IBlockSource source)
    {
        lock (_lock)
        {
            _answers.Remove(source);
        }
    }

    /// <summary>Lets <see cref="RunAsync"/> end when what waits is sent; requests that wait are dropped.</summary>
    public void Complete()
    {
        lock (_lock)
        {
            _isCompleted = true;
            _answers.Clear();
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
        SendBudget.Buffer? rented = null;
        try
        {
            while (TakeNext(out var source, out var block, out var hashes))
            {
                if (_sending.WrittenCount > 0)
                {
                    await _writer.WriteAsync(_sending.WrittenMemory, cancellationToken).ConfigureAwait(false);
                    ResetSending();
                }

                if (source is null)
                {
                    continue;
                }

                rented ??= budget.Rent(User);
                var buffer = rented.Value.Array.AsMemory(0, rented.Value.Length);
                if (hashes is { } range)
                {
                    await SendHashesAsync(buffer, source, range, cancellationToken).ConfigureAwait(false);
                }
                else
                {
                    await SendBlockAsync(buffer, source, block, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            if (rented is { } used)
            {
                budget.Return(used);
            }
        }
    }

    private bool TakeNext(out IBlockSource? source, out BlockRange block, out HashRange? hashes)
    {
        bool hasAnswer;
        bool hasRoomAgain;
        lock (_lock)
        {
            if (_waiting.WrittenCount > 0)
            {
                (_waiting, _sending) = (_sending, _waiting);
            }

            hasAnswer = _answers.TryTake(out source, out block, out hashes, out hasRoomAgain);
        }

        if (hasRoomAgain)
        {
            drained();
        }

        return hasAnswer || _sending.WrittenCount > 0;
    }

    private void ResetSending()
    {
        if (_sending.Capacity > KeptBytes)
        {
            _sending = new ArrayBufferWriter<byte>(FirstBytes);
        }
        else
        {
            _sending.ResetWrittenCount();
        }
    }

    private async ValueTask SendHashesAsync(Memory<byte> buffer, IBlockSource source, HashRange range, CancellationToken cancellationToken)
    {
        var layer = source.PieceLayer;
        var length = range.Index + range.Count <= layer.Count
            ? range.Write(buffer.Span, [.. layer.Skip(range.Index).Take(range.Count)])
            : range.Write(buffer.Span, MessageId.HashReject);
        await SendLimitedAsync(source, buffer[..length], header: length, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask SendBlockAsync(Memory<byte> buffer, IBlockSource source, BlockRange range, CancellationToken cancellationToken)
    {
        var filled = new PieceHeader(range.Channel, range.Piece, range.Begin).Write(buffer.Span, range.Count);
        for (var sent = 0; sent < range.Count;)
        {
            var step = Math.Min(range.Count - sent, buffer.Length - filled);
            try
            {
                source.Read((long)range.Piece * source.PieceLength + range.Begin + sent, buffer.Span.Slice(filled, step));
            }
            catch (Exception e) when (e is P2PShareException or IOException or ObjectDisposedException)
            {
                if (sent == 0)
                {
                    await _writer.WriteAsync(buffer[..range.Write(buffer.Span, MessageId.Reject)], cancellationToken).ConfigureAwait(false);
                }

                source.ReportUnreadable(e);
                if (sent > 0)
                {
                    // What was announced cannot be sent, and nothing else can take its place.
                    throw new IOException("A block could not be read to its end.", e);
                }

                return;
            }

            await SendLimitedAsync(source, buffer[..(filled + step)], header: filled, cancellationToken).ConfigureAwait(false);
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
            await _writer.WriteAsync(slice, cancellationToken).ConfigureAwait(false);
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
