using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

public sealed class FrameWriterTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly MemoryStream _written = new();
    private readonly FrameWriter _writer;
    private readonly BandwidthLimiter _limiter = new(TimeProvider.System);
    private readonly SendBudget _budget = new();
    private readonly FakeTimeProvider _clock = new();
    private int _drained;

    public FrameWriterTests() => _writer = new FrameWriter(_written, _limiter, _budget, _clock, () => _drained++);

    public void Dispose() => _writer.Dispose();

    [Fact]
    public async Task Messages_and_blocks_are_written_and_messages_overtake_blocks()
    {
        var source = new FakeSource();
        BlockRange[] ranges = [new(1, 0, 0, 10), new(1, 2, 5, 300_000)];
        Add(MessageId.HaveAll);
        _writer.TryAddBlock(source, ranges[0]);
        _writer.TryAddBlock(source, ranges[1]);
        Add(MessageId.HaveNone);
        Assert.Equal(2, _writer.WaitingBlocks);

        await RunUntilWrittenAsync(2 * 9 + 2 * (Frame.HeaderLength + PieceHeader.Length) + 10 + 300_000);

        var frames = await ReadAllAsync();
        Assert.Equal([MessageId.HaveAll, MessageId.HaveNone, MessageId.Piece, MessageId.Piece], frames.Select(frame => frame.Id));
        Assert.Equal(FakeContent.Bytes(0, 10), frames[2].Body[PieceHeader.Length..]);
        Assert.Equal(new PieceHeader(1, 2, 5), PieceHeader.Read(frames[3].Body));
        // Read and written in steps, in one frame.
        Assert.Equal(FakeContent.Bytes(2 * FakeSource.Piece + 5, 300_000), frames[3].Body[PieceHeader.Length..]);
        Assert.Equal(300_010, source.Uploaded);
        Assert.Equal(0, _writer.WaitingBlocks);
    }

    [Fact]
    public async Task More_than_1024_waiting_requests_are_not_taken_and_room_is_reported_once()
    {
        for (var i = 0; i < 1024; i++)
        {
            Assert.True(_writer.TryAddBlock(new FakeSource(), new BlockRange(1, i, 0, 1)));
            Assert.True(_writer.TryAddHashes(new FakeSource(), new HashRange(1, 0, 1)));
        }

        Assert.False(_writer.TryAddBlock(new FakeSource(), new BlockRange(1, 0, 0, 1)));
        Assert.False(_writer.TryAddHashes(new FakeSource(), new HashRange(1, 0, 1)));
        Assert.Equal((1024, 0), (_writer.WaitingBlocks, _writer.WaitingBytes));

        await RunUntilWrittenAsync(1024 * (Frame.HeaderLength + PieceHeader.Length + 1 + Frame.HeaderLength + HashRange.Length + Hash256.Size));
        Assert.Equal(1, _drained);
    }

    [Fact]
    public void No_frame_is_taken_when_more_than_256_KiB_wait()
    {
        var frame = new byte[64 * 1024];
        for (var i = 0; i < 4; i++)
        {
            Assert.True(_writer.TryAdd(frame));
        }

        Assert.False(_writer.TryAdd([1]));
        Assert.Equal(256 * 1024, _writer.WaitingBytes);
    }

    [Fact]
    public async Task Hashes_are_made_when_they_are_sent_before_blocks_and_count_against_the_limit()
    {
        var source = new FakeSource();
        _writer.TryAddBlock(source, new BlockRange(1, 0, 0, 10));
        _writer.TryAddHashes(source, new HashRange(1, 2, 3));
        _writer.TryAddHashes(source, new HashRange(1, 2, 4));
        _limiter.Limit = 1;
        using var stopping = new CancellationTokenSource();
        var running = _writer.RunAsync(stopping.Token);
        await Eventually.HoldsAsync(() => _budget.BytesInUse > 0, "the first answer is made");
        Assert.Equal(0, _written.Length);
        source.Layer.RemoveAt(5);

        _limiter.Limit = null;
        const int Length = 3 * Frame.HeaderLength + 2 * HashRange.Length + 3 * Hash256.Size + PieceHeader.Length + 10;
        await Eventually.HoldsAsync(() => _written.Length == Length, "all is written");

        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(Limit));
        var frames = await ReadAllAsync();
        Assert.Equal([MessageId.Hashes, MessageId.HashReject, MessageId.Piece], frames.Select(frame => frame.Id));
        Assert.Equal(source.Layer[2..5], HashRange.Read(frames[0].Body).ReadHashes(frames[0].Body));
        Assert.Equal((10, 0L), (source.Uploaded, _budget.BytesInUse));
    }

    [Fact]
    public async Task Trees_and_blocks_are_answered_in_turn_and_1024_trees_wait_at_most()
    {
        var source = new FakeSource();
        for (var i = 0; i < 1024; i++)
        {
            Assert.True(_writer.TryAddTree(source, new TreeRange(1, 0, i, 1)));
        }

        Assert.False(_writer.TryAddTree(source, new TreeRange(1, 0, 0, 1)));
        _writer.TryAddBlock(source, new BlockRange(1, 0, 0, 1));
        _writer.TryAddBlock(source, new BlockRange(1, 1, 0, 1));
        _writer.TryAddHashes(source, new HashRange(1, 2, 1));

        await RunUntilWrittenAsync(1024 * (Frame.HeaderLength + TreeRange.Length) + 2 * (Frame.HeaderLength + PieceHeader.Length + 1)
            + Frame.HeaderLength + HashRange.Length + Hash256.Size);

        // This writer makes no trees.
        Assert.Equal(
            [MessageId.Hashes, MessageId.Piece, MessageId.TreeReject, MessageId.Piece, MessageId.TreeReject, MessageId.TreeReject],
            (await ReadAllAsync()).Take(6).Select(frame => frame.Id));
    }

    [Fact]
    public async Task Trees_that_have_to_wait_do_not_hold_up_blocks()
    {
        using var writer = new FrameWriter(_written, _limiter, _budget, _clock, () => { }) { Trees = new TreeReader(_clock, burst: 1) };
        // Its tree is not that of the layer: it is read, and refused.
        var source = new FakeSource();
        writer.TryAddTree(source, new TreeRange(1, 0, 0, 1));
        using var stopping = new CancellationTokenSource();
        var running = writer.RunAsync(stopping.Token);
        await Eventually.HoldsAsync(() => _budget.BytesInUse > 0, "the first tree is being made");
        for (var i = 0; i < 3; i++)
        {
            writer.TryAddTree(source, new TreeRange(1, 0, i, 1));
            writer.TryAddBlock(source, new BlockRange(1, i, 0, 1));
        }

        // The budget is even again, and no more, when the first one is read.
        const int Blocks = 3 * (Frame.HeaderLength + PieceHeader.Length + 1);
        var advanced = 0;
        await Eventually.HoldsAsync(
            () =>
            {
                if (_written.Length < Frame.HeaderLength + TreeRange.Length && advanced++ == 0)
                {
                    _clock.Advance(TimeSpan.FromSeconds((double)FakeSource.Piece / TreeReadBudget.PerSecond));
                }

                return _written.Length >= Frame.HeaderLength + TreeRange.Length + Blocks;
            },
            "the blocks are written");

        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(Limit));
        Assert.Equal(
            [MessageId.TreeReject, MessageId.Piece, MessageId.Piece, MessageId.Piece],
            (await ReadAllAsync()).Select(frame => frame.Id));
    }

    [Fact]
    public async Task A_write_of_which_nothing_is_taken_for_30_seconds_is_stuck()
    {
        var (near, far) = DuplexStream.CreatePair(buffered: 1000);
        using var writer = new FrameWriter(near, _limiter, _budget, _clock, () => { });
        using var stopping = new CancellationTokenSource();
        var running = writer.RunAsync(stopping.Token);
        Assert.False(writer.IsStuck());
        writer.TryAdd(new byte[2000]);
        // The write runs, and waits for the rest to be read.
        await far.ReadExactlyAsync(new byte[1]);

        Assert.False(writer.IsStuck());
        _clock.Advance(TimeSpan.FromSeconds(29));
        Assert.False(writer.IsStuck());
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(writer.IsStuck());

        await far.ReadExactlyAsync(new byte[1999]);
        await Eventually.HoldsAsync(() => !writer.IsStuck(), "the write has ended");
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.False(writer.IsStuck());
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(Limit));
    }

    [Fact]
    public void Only_the_blocks_that_match_are_removed()
    {
        FakeSource one = new(), other = new();
        _writer.TryAddBlock(one, new BlockRange(1, 0, 0, 1));
        _writer.TryAddBlock(other, new BlockRange(2, 0, 0, 1));
        _writer.TryAddBlock(one, new BlockRange(1, 1, 0, 1));

        Assert.Equal(1, _writer.RemoveBlocks(new BlockRange(1, 1, 0, 1)));
        Assert.Equal(0, _writer.RemoveBlocks(new BlockRange(1, 1, 0, 1)));
        Assert.Equal(2, _writer.WaitingBlocks);
    }

    [Fact]
    public async Task A_completed_writer_sends_its_messages_and_drops_its_blocks()
    {
        Add(MessageId.HaveAll);
        _writer.TryAddBlock(new FakeSource(), new BlockRange(1, 0, 0, 10));
        _writer.Complete();
        // Too late.
        Add(MessageId.HaveNone);

        await _writer.RunAsync(CancellationToken.None).WaitAsync(Limit);

        Assert.Equal([MessageId.HaveAll], (await ReadAllAsync()).Select(frame => frame.Id));
    }

    [Fact]
    public async Task A_block_that_cannot_be_read_at_all_is_rejected_and_the_next_one_sent()
    {
        var problem = new P2PShareException(ErrorCode.SourceFileChanged, "Changed.");
        var source = new FakeSource { Broken = (0, problem) };
        var range = new BlockRange(1, 3, 0, 100);
        _writer.TryAddBlock(source, range);
        _writer.TryAddBlock(new FakeSource(), new BlockRange(2, 0, 0, 10));

        await RunUntilWrittenAsync(Frame.HeaderLength + BlockRange.Length + Frame.HeaderLength + PieceHeader.Length + 10);

        var frames = await ReadAllAsync();
        Assert.Equal([MessageId.Reject, MessageId.Piece], frames.Select(frame => frame.Id));
        Assert.Equal(range, BlockRange.Read(frames[0].Body));
        Assert.Same(problem, source.Reported);
        Assert.Equal(0, source.Uploaded);
    }

    [Fact]
    public async Task A_block_that_breaks_off_in_the_middle_ends_the_connection()
    {
        // The buffer of one step is at most 256 KiB.
        var source = new FakeSource { Broken = (700_000, new IOException("Gone.")) };
        _writer.TryAddBlock(source, new BlockRange(1, 0, 0, Frame.MaxBlock));

        await Assert.ThrowsAsync<IOException>(() => _writer.RunAsync(CancellationToken.None).WaitAsync(Limit));

        Assert.IsType<IOException>(source.Reported);
        Assert.InRange(source.Uploaded, 1, 700_000);
    }

    [Fact]
    public async Task A_limit_holds_blocks_up_and_lets_messages_wait_behind_them()
    {
        _limiter.Limit = 1;
        var source = new FakeSource();
        _writer.TryAddBlock(source, new BlockRange(1, 0, 0, 5000));
        using var stopping = new CancellationTokenSource();
        var running = _writer.RunAsync(stopping.Token);
        await Eventually.HoldsAsync(() => _writer.WaitingBlocks == 0, "the block is being sent");
        Assert.Equal(0, _written.Length);

        _limiter.Limit = null;
        await Eventually.HoldsAsync(() => _written.Length == Frame.HeaderLength + PieceHeader.Length + 5000, "the block is sent");

        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(Limit));
    }

    [Fact]
    public async Task A_block_that_shrinks_goes_out_compressed_if_the_other_side_takes_it_so()
    {
        using var compressor = new BlockCompressor(new CompressionChoice(_clock), _clock);
        using var writer = new FrameWriter(_written, _limiter, _budget, _clock, () => { }) { Compressor = compressor };
        compressor.Choice.ReportSent(1);
        _clock.Advance(TimeSpan.FromSeconds(1));
        var source = new FakeSource { IsZero = true };
        writer.TryAddBlock(source, new BlockRange(1, 2, 3, 100_000), acceptsPacked: true);
        writer.TryAddBlock(source, new BlockRange(1, 3, 0, 100_000));
        using var stopping = new CancellationTokenSource();
        var running = writer.RunAsync(stopping.Token);
        await Eventually.HoldsAsync(() => source.Uploaded == 200_000 && writer.WaitingBlocks == 0 && _budget.BytesInUse == 0, "both blocks are written");
        writer.Complete();
        await running.WaitAsync(Limit);

        var frames = await ReadAllAsync();
        Assert.Equal([MessageId.PackedPiece, MessageId.Piece], frames.Select(frame => frame.Id));
        var packed = frames[0].Body;
        Assert.Equal(new PackedPieceHeader(1, 2, 3, 100_000), PackedPieceHeader.Read(packed, packed.Length));
        Assert.InRange(packed.Length, PackedPieceHeader.Length + 1, 1000);
        var plain = new byte[100_000];
        plain.AsSpan().Fill(1);
        compressor.Unpack(packed.AsSpan(PackedPieceHeader.Length), plain);
        Assert.False(plain.ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void A_disposed_writer_takes_frames_quietly()
    {
        _writer.Dispose();

        Assert.True(_writer.TryAdd([1]));
    }

    private void Add(MessageId id)
    {
        var frame = new byte[Frame.HeaderLength + 4];
        BitfieldMessage.Write(frame, id, 1, []);
        Assert.True(_writer.TryAdd(frame));
    }

    private async Task RunUntilWrittenAsync(int bytes)
    {
        using var stopping = new CancellationTokenSource();
        var running = _writer.RunAsync(stopping.Token);
        await Eventually.HoldsAsync(() => _written.Length >= bytes, $"{bytes} bytes are written");
        _writer.Complete();
        await running.WaitAsync(Limit);
        Assert.Equal(bytes, _written.Length);
    }

    private async Task<List<(MessageId Id, byte[] Body)>> ReadAllAsync()
    {
        _written.Position = 0;
        var reader = new FrameReader(_written, TimeProvider.System);
        var frames = new List<(MessageId, byte[])>();
        while (true)
        {
            try
            {
                var (id, length) = await reader.ReadHeaderAsync(CancellationToken.None);
                frames.Add((id, (await reader.ReadAsync(length, CancellationToken.None)).ToArray()));
            }
            catch (EndOfStreamException)
            {
                return frames;
            }
        }
    }

    private sealed class FakeSource : IBlockSource
    {
        public const int Piece = 1024 * 1024;

        public ContentDescription Description { get; } = new(6 * Piece, Piece, Hash256.Compute([7]));

        public List<Hash256> Layer { get; } = [.. Enumerable.Range(0, 6).Select(piece => Hash256.Compute([(byte)piece]))];

        IReadOnlyList<Hash256> IBlockSource.PieceLayer => Layer;

        public CompressionTrial Compression { get; } = new();

        /// <summary>Whether its bytes shrink.</summary>
        public bool IsZero { get; init; }

        /// <summary>Thrown by reads that reach beyond this offset.</summary>
        public (long Offset, Exception Error)? Broken { get; init; }

        public Exception? Reported { get; private set; }

        public int Uploaded { get; private set; }

        public void Read(long offset, Span<byte> buffer)
        {
            if (Broken is var (from, error) && offset + buffer.Length > from)
            {
                throw error;
            }

            if (IsZero)
            {
                buffer.Clear();
                return;
            }

            FakeContent.Bytes(offset, buffer.Length).CopyTo(buffer);
        }

        public void CountUpload(int bytes) => Uploaded += bytes;

        public void ReportUnreadable(Exception problem) => Reported = problem;
    }
}
