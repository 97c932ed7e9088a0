using Microsoft.Extensions.Logging.Abstractions;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Chunking;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Connections;

public sealed class MapAnswerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly MemoryStream _written = new();
    private readonly byte[] _buffer = new byte[32 * 1024];
    private readonly ChunkMapStore _store;
    private readonly ChunkMap _map;
    private readonly MappedSource _source;
    private readonly AnswerWriter _writer;

    public MapAnswerTests()
    {
        _store = new ChunkMapStore(StateFolder.Open(_folder.Combine("state")), NullLogger.Instance, TimeProvider.System);
        var chunks = new ChunkMapWriter();
        for (var chunk = 0; chunk < 1000; chunk++)
        {
            chunks.TryAdd(ChunkLength.Mean, (UInt128)chunk);
        }

        _source = new MappedSource(new ContentDescription(1000 * ChunkLength.Mean, PieceLength.Min, Hash256.Compute([1])));
        _map = chunks.Finish(_source.Description);
        _writer = new AnswerWriter(new WatchedWriter(_written, TimeProvider.System), new BandwidthLimiter(TimeProvider.System));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_parts_of_a_map_make_up_the_map_and_are_no_bytes_of_the_content()
    {
        _store.TryAdd(_map);

        await WriteAsync(0, MapRange.MaxCount, _store);
        await WriteAsync(MapRange.MaxCount, MapRange.MaxCount, _store);

        var frames = ReadAll();
        Assert.Equal([MessageId.Map, MessageId.Map], frames.Select(frame => frame.Id));
        Assert.Equal([0, MapRange.MaxCount], frames.Select(frame => MapHeader.Read(frame.Body).Offset));
        Assert.All(frames, frame => Assert.Equal(_map.Bytes.Length, MapHeader.Read(frame.Body).Total));
        Assert.Equal(_map.Bytes.ToArray(), frames.SelectMany(frame => frame.Body[MapHeader.Length..]));
        Assert.Equal(0, _source.Uploaded);
    }

    [Fact]
    public async Task What_is_beyond_the_map_or_of_none_is_rejected()
    {
        await WriteAsync(0, 100, _store);
        await WriteAsync(0, 100, maps: null);
        _store.TryAdd(_map);
        await WriteAsync(_map.Bytes.Length, 100, _store);

        Assert.All(ReadAll(), frame => Assert.Equal(MessageId.MapReject, frame.Id));
        Assert.Equal(new MapRange(1, _map.Bytes.Length, 100), MapRange.Read(ReadAll()[2].Body));
    }

    [Fact]
    public void Maps_and_blocks_wait_in_turn_and_1024_maps_at_most()
    {
        var queue = new AnswerQueue();
        for (var i = 0; i < AnswerQueue.MaxRequests; i++)
        {
            Assert.True(queue.TryAdd(new Answer(_source, default, Map: new MapRange(1, i, 1))));
        }

        Assert.False(queue.TryAdd(new Answer(_source, default, Map: new MapRange(1, 0, 1))));
        Assert.True(queue.TryAdd(new Answer(_source, new BlockRange(1, 0, 0, 1))));
        Assert.True(queue.TryAdd(new Answer(_source, new BlockRange(1, 1, 0, 1))));

        var taken = Enumerable.Range(0, 5).Select(_ => queue.TryTake(treesWait: false, out var answer, out bool _) && answer.Map is not null).ToArray();
        Assert.Equal([false, true, false, true, true], taken);
        queue.Remove(_source);
        Assert.False(queue.TryTake(treesWait: false, out _, out _));
    }

    private ValueTask WriteAsync(int offset, int count, ChunkMapStore? maps) =>
        _writer.WriteMapAsync(_buffer, _source, new MapRange(1, offset, count), maps, CancellationToken.None);

    private List<(MessageId Id, byte[] Body)> ReadAll()
    {
        var frames = new List<(MessageId, byte[])>();
        ReadOnlySpan<byte> left = _written.ToArray();
        while (Frame.TryReadHeader(left, out var id, out var header, out var body))
        {
            frames.Add((id, left.Slice(header, body).ToArray()));
            left = left[(header + body)..];
        }

        return frames;
    }

    private sealed class MappedSource(ContentDescription description) : IBlockSource
    {
        public CompressionTrial Compression { get; } = new();

        public ContentDescription Description => description;

        public int Uploaded { get; private set; }

        IReadOnlyList<Hash256> IBlockSource.PieceLayer => [];

        void IBlockSource.Read(long offset, Span<byte> buffer) => throw new NotSupportedException();

        void IBlockSource.ReportUnreadable(Exception problem) => throw new NotSupportedException();

        void IUploadCounter.CountUpload(int bytes) => Uploaded += bytes;
    }
}
