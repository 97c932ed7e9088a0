using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Unit.Transfer.Connections;

public sealed class TreeReaderTests
{
    private const int MiB = 1024 * 1024;

    private static readonly Guid User = TestIds.Of("bob");

    private readonly FakeTimeProvider _clock = new();
    private readonly TreeReader _reader;

    public TreeReaderTests() => _reader = new TreeReader(_clock, burst: 3 * 16 * MiB);

    [Fact]
    public async Task A_piece_is_read_once_for_all_steps_of_all_connections()
    {
        var source = new CountingSource();

        Assert.Equal(8, (await ReadAsync(source, new TreeRange(0, 7, 8, 8))).Length);
        Assert.Equal(512, (await ReadAsync(source, new TreeRange(0, 0, 1024 + 17, 512))).Length);
        await _reader.ReadAsync(new CountingSource(), new TreeRange(0, 3, 128, 1), TestIds.Of("carol"), CancellationToken.None);

        Assert.Equal(16 * MiB, source.BytesRead);
    }

    [Fact]
    public async Task One_hash_of_each_of_many_pieces_is_read_at_a_bounded_rate()
    {
        var source = new CountingSource();
        for (var piece = 0; piece < 3; piece++)
        {
            await ReadAsync(source, new TreeRange(0, 9, 2 * piece, 1));
        }

        var other = new CountingSource();
        var late = ReadAsync(source, new TreeRange(0, 9, 2 * 3, 1)).AsTask();
        Assert.False(late.IsCompleted);
        // Others do not wait for it.
        await _reader.ReadAsync(other, new TreeRange(0, 9, 2 * 4, 1), TestIds.Of("carol"), CancellationToken.None);
        Assert.Equal(3 * 16L * MiB, source.BytesRead);

        _clock.Advance(TimeSpan.FromSeconds(1.0 / 16));

        await late.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(4 * 16L * MiB, source.BytesRead);
    }

    [Fact]
    public async Task What_is_not_right_is_an_error_each_time()
    {
        var source = new CountingSource { IsWrong = true };

        for (var attempt = 0; attempt < 2; attempt++)
        {
            var error = await Assert.ThrowsAsync<P2PShareException>(() => ReadAsync(source, new TreeRange(0, 7, 0, 8)).AsTask());
            Assert.Equal(ErrorCode.SourceFileChanged, error.Code);
        }
    }

    [Fact]
    public void The_tree_that_was_used_last_is_kept_and_the_memory_is_bounded()
    {
        var cache = new TreeCache(maxBytes: 2 * 8 * 32 * 2);
        var tree = new PieceTree(new Hash256[8], 3);
        Hash256 root = Hash256.Compute([1]), other = Hash256.Compute([2]);
        cache.Add(root, 0, tree);
        cache.Add(root, 1, tree);
        cache.Add(root, 1, tree);
        Assert.NotNull(cache.Find(root, 0));
        Assert.Null(cache.Find(other, 0));

        cache.Add(other, 0, tree);

        Assert.NotNull(cache.Find(root, 0));
        Assert.Null(cache.Find(root, 1));
        Assert.NotNull(cache.Find(other, 0));
        Assert.Equal(2 * 8 * 32 * 2, cache.Bytes);
    }

    private ValueTask<ReadOnlyMemory<Hash256>> ReadAsync(CountingSource source, TreeRange range) =>
        _reader.ReadAsync(source, range, User, CancellationToken.None);

    /// <summary>A content of 16 GiB of zeros in pieces of 16 MiB.</summary>
    private sealed class CountingSource : IBlockSource
    {
        public CompressionTrial Compression { get; } = new();

        private static readonly Hash256 Piece = new PieceTree([.. Enumerable.Repeat(Hash256.Compute(new byte[PieceLength.Block]), 1024)], 10).Root;
        private static readonly Hash256[] Layer = [.. Enumerable.Repeat(Piece, 1024)];

        public bool IsWrong { get; init; }

        public long BytesRead { get; private set; }

        public ContentDescription Description { get; } = new(1024L * PieceLength.Max, PieceLength.Max, Hash256.Compute([1]));

        public IReadOnlyList<Hash256> PieceLayer => Layer;

        public void Read(long offset, Span<byte> buffer)
        {
            BytesRead += buffer.Length;
            buffer.Fill((byte)(IsWrong ? 1 : 0));
        }

        public void ReportUnreadable(Exception problem) => throw new NotSupportedException();

        public void CountUpload(int bytes) => throw new NotSupportedException();
    }
}
