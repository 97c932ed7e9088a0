using System.Buffers;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Chunking;

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

    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly AnswerQueue _answers = new();
    private readonly AnswerWriter _answerWriter = new(new WatchedWriter(stream, clock), limiter);
    private ArrayBufferWriter<byte> _waiting = new(FirstBytes);
    private ArrayBufferWriter<byte> _sending = new(FirstBytes);
    private bool _isCompleted;

    /// <summary>The user to whom it sends; null while that is not known.</summary>
    public SendBudget.User? User { get; set; }

    /// <summary>Makes the answers for whole contents; null if none are served.</summary>
    public ContentAnswers? Contents { get; init; }

    /// <summary>Makes the answers to tree requests; null if all are refused.</summary>
    public TreeReader? Trees { get; init; }

    /// <summary>Compresses blocks if the other side accepts it; null if none are.</summary>
    public BlockCompressor? Compressor { get; init; }

    /// <summary>The chunk maps that are served; null if none are.</summary>
    public ChunkMapStore? Maps { get; init; }

    /// <summary>Blocks and whole contents that wait to be sent.</summary>
    public int WaitingBlocks
    {
        get
        {
            lock (_lock)
            {
                return _answers.BlockCount + _answers.ContentCount;
            }
        }
    }

    /// <summary>Bytes of messages that wait to be sent.</summary>
    public int WaitingBytes => Volatile.Read(ref _waiting).WrittenCount;

    /// <inheritdoc cref="WatchedWriter.IsStuck"/>
    public bool IsStuck() => _answerWriter.Writer.IsStuck();

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

    /// <summary>Adds a block to send, compressed if it may be, behind those already waiting.</summary>
    /// <returns>False if too many wait.</returns>
    public bool TryAddBlock(IBlockSource source, BlockRange range, bool acceptsPacked = false) => TryAdd(new Answer(source, range) { AcceptsPacked = acceptsPacked });

    /// <summary>Adds hashes to send, behind those already waiting and before all blocks.</summary>
    /// <returns>False if too many wait.</returns>
    public bool TryAddHashes(IBlockSource source, HashRange range) => TryAdd(new Answer(source, default, range));

    /// <summary>Adds hashes below the piece layer to send, behind those already waiting.</summary>
    /// <returns>False if too many wait.</returns>
    public bool TryAddTree(IBlockSource source, TreeRange range) => TryAdd(new Answer(source, default, null, range));

    /// <inheritdoc cref="TryAddTree"/>
    public bool TryAddMap(IBlockSource source, MapRange range) => TryAdd(new Answer(source, default, Map: range));

    /// <summary>Adds whole contents to send, behind those already waiting.</summary>
    /// <returns>Those for which there is no room.</returns>
    public IReadOnlyList<RequestedContent> AddContents(IReadOnlyList<RequestedContent> contents)
    {
        var added = 0;
        lock (_lock)
        {
            while (added < contents.Count && _answers.TryAdd(contents[added]))
            {
                added++;
            }
        }

        Wake();
        return added == contents.Count ? [] : [.. contents.Skip(added)];
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

    /// <summary>Lets what waits be sent: the last message, a reason for closing above all, should arrive; but not for longer than a moment.</summary>
    /// <param name="writing">What <see cref="RunAsync"/> returned.</param>
    public async Task FlushAsync(Task writing)
    {
        Complete();
        try
        {
            await writing.WaitAsync(FlushTimeout, clock).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or TimeoutException or ObjectDisposedException or WireException)
        {
            // The connection has ended either way.
        }
    }

    public void Dispose() => _wake.Dispose();

    // The buffer is returned when nothing waits: of many connections few are sending.
    private async ValueTask SendWaitingAsync(CancellationToken cancellationToken)
    {
        SendBudget.Buffer? rented = null;
        try
        {
            while (TakeNext(out var answer, out var hasContents))
            {
                if (_sending.WrittenCount > 0)
                {
                    await _answerWriter.Writer.WriteAsync(_sending.WrittenMemory, cancellationToken).ConfigureAwait(false);
                    ResetSending();
                }

                if (answer.Source is null && !hasContents)
                {
                    continue;
                }

                rented ??= budget.Rent(User);
                var buffer = rented.Value.Array.AsMemory(0, rented.Value.Length);
                await WriteAsync(answer, buffer, cancellationToken).ConfigureAwait(false);
                // In turn with blocks: neither waits for all of the other.
                if (hasContents)
                {
                    await _answerWriter.WriteContentsAsync(buffer, Contents!, TryTakeContent, cancellationToken).ConfigureAwait(false);
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

    private bool TryAdd(in Answer answer)
    {
        lock (_lock)
        {
            if (!_answers.TryAdd(answer))
            {
                return false;
            }
        }

        Wake();
        return true;
    }

    private ValueTask WriteAsync(Answer answer, Memory<byte> buffer, CancellationToken cancellationToken) => answer switch
    {
        { Source: null } => ValueTask.CompletedTask,
        { Hashes: { } range } => _answerWriter.WriteHashesAsync(buffer, answer.Source, range, cancellationToken),
        { Tree: { } range } => _answerWriter.WriteTreeAsync(buffer, answer.Source, range, Trees, User?.Id ?? Guid.Empty, cancellationToken),
        { Map: { } range } => _answerWriter.WriteMapAsync(buffer, answer.Source, range, Maps, cancellationToken),
        _ => _answerWriter.WriteBlockAsync(buffer, answer.Source, answer.Block, Compressor, answer.AcceptsPacked, cancellationToken),
    };

    private bool TryTakeContent(out RequestedContent content)
    {
        lock (_lock)
        {
            return _answers.TryTake(out content);
        }
    }

    private bool TakeNext(out Answer answer, out bool hasContents)
    {
        bool hasAnswer, hasRoomAgain;
        lock (_lock)
        {
            if (_waiting.WrittenCount > 0)
            {
                (_waiting, _sending) = (_sending, _waiting);
            }

            // While a user has had more read for trees than it may, its trees do not hold up its blocks.
            var treesWait = _answers.TreeCount > 0 && Trees?.MustWait(User?.Id ?? Guid.Empty) == true;
            hasAnswer = _answers.TryTake(treesWait, out answer, out hasRoomAgain);
            hasContents = Contents is not null && !_isCompleted && (Contents.HasNext || _answers.ContentCount > 0);
        }

        if (hasRoomAgain)
        {
            drained();
        }

        return hasAnswer || hasContents || _sending.WrittenCount > 0;
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
