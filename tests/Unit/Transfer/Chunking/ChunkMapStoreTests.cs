using Microsoft.Extensions.Logging.Abstractions;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Chunking;
using P2PShare.Transfer.Storage;
using P2PShare.Unit.Transfer.Sharing;

namespace P2PShare.Unit.Transfer.Chunking;

public sealed class ChunkMapStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ChunkMapStore _store;

    public ChunkMapStoreTests() => _store = new ChunkMapStore(StateFolder.Open(_folder.Combine("state")), NullLogger.Instance, TimeProvider.System);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_map_that_was_kept_is_found_until_it_is_removed()
    {
        var (map, content) = Make(1);
        Assert.False(_store.Has(map.PiecesRoot));

        Assert.True(_store.TryAdd(map));

        Assert.Equal(map.Bytes.Length, _store.Length(map.PiecesRoot));
        Assert.Equal(map.Bytes, _store.Find(content)!.Bytes);
        var part = new byte[20];
        Assert.True(_store.TryRead(map.PiecesRoot, 10, part));
        Assert.Equal(map.Bytes.Span.Slice(10, 20), part);
        Assert.False(_store.TryRead(map.PiecesRoot, map.Bytes.Length - 1, part));

        _store.Remove(map.PiecesRoot);

        Assert.Equal((false, null), (_store.Has(map.PiecesRoot), _store.Find(content)));
        Assert.False(_store.TryRead(map.PiecesRoot, 0, part));
        Assert.Empty(Directory.GetFiles(MapFolder));
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
    }

    [LinuxFact]
    public void Only_its_user_can_read_it()
    {
        _store.TryAdd(Make(1).Map);

        Assert.Equal(("0700", "0600"), (UnixFile.Mode(MapFolder), UnixFile.Mode(Assert.Single(Directory.GetFiles(MapFolder)))));
    }

    [Fact]
    public void A_damaged_map_is_none()
    {
        var (map, content) = Make(1);
        _store.TryAdd(map);
        File.WriteAllBytes(Assert.Single(Directory.GetFiles(MapFolder)), new byte[map.Bytes.Length]);

        Assert.Null(_store.Find(content));
    }

    [Fact]
    public void A_map_whose_place_is_taken_by_a_folder_is_left_out()
    {
        var (map, content) = Make(1);
        Directory.CreateDirectory(Path.Combine(MapFolder, $"{map.PiecesRoot}.map"));

        Assert.False(_store.TryAdd(map));
        Assert.Equal((false, null), (_store.Has(map.PiecesRoot), _store.Find(content)));
    }

    [Fact]
    public void At_the_start_those_of_contents_that_nobody_offers_are_removed()
    {
        var (kept, orphan, young) = (Make(1).Map, Make(2).Map, Make(3).Map);
        _store.TryAdd(kept);
        _store.TryAdd(orphan);
        File.WriteAllText(Path.Combine(MapFolder, "x.17.new"), "");
        foreach (var path in Directory.GetFiles(MapFolder))
        {
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddHours(-1));
        }

        // Another peer server of this user has just made it, and its share is not committed.
        _store.TryAdd(young);

        _store.RemoveOthers(new HashSet<Hash256> { kept.PiecesRoot });

        Assert.Equal((true, false, true), (_store.Has(kept.PiecesRoot), _store.Has(orphan.PiecesRoot), _store.Has(young.PiecesRoot)));
        Assert.Equal(2, Directory.GetFiles(MapFolder).Length);
    }

    [Fact]
    public async Task Orphans_are_what_no_user_of_the_state_folder_offers()
    {
        var state = StateFolder.Open(_folder.Combine("state"));
        var bytes = SharedFile.Bytes(100_000);
        var file = await SharedFile.MakeAsync(_folder, "data", bytes);
        var other = await SharedFile.MakeAsync(_folder, "other", bytes[1..]);
        foreach (var one in new[] { file, other })
        {
            Assert.True(await _store.MakeAsync(one, CancellationToken.None));
            File.SetLastWriteTimeUtc(Path.Combine(MapFolder, $"{one.Content.PiecesRoot}.map"), DateTime.UtcNow.AddHours(-1));
        }

        var shares = new ShareStore(state, new TrackerAccount(Guid.NewGuid(), "alice"), (_, _, _) => throw new NotSupportedException());
        await shares.AddAsync(file, TestIds.Group("builds"), "data", received: false);

        _store.RemoveOrphans();

        Assert.Equal((true, false), (_store.Has(file.Content.PiecesRoot!.Value), _store.Has(other.Content.PiecesRoot!.Value)));
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
    }

    [Fact]
    public async Task A_map_is_made_of_the_bytes_that_were_hashed()
    {
        var file = await SharedFile.MakeAsync(_folder, "data", SharedFile.Bytes(100_000));
        await File.WriteAllBytesAsync(file.Path, SharedFile.Bytes(100_001));

        var error = await Assert.ThrowsAsync<P2PShareException>(() => _store.MakeAsync(file, CancellationToken.None));

        Assert.Equal(ErrorCode.SourceFileChanged, error.Code);
        Assert.False(_store.Has(file.Content.PiecesRoot!.Value));
    }

    [Fact]
    public async Task What_is_fetched_in_one_message_gets_no_map() =>
        Assert.False(await _store.MakeAsync(await SharedFile.MakeAsync(_folder, "data", SharedFile.Bytes(64 * 1024)), CancellationToken.None));

    [Fact]
    public void For_a_new_map_the_oldest_ones_make_room()
    {
        for (var index = 0; index < ChunkMapStore.MaxCount; index++)
        {
            _store.TryAdd(Make(index).Map);
        }

        var oldest = Make(0).Map.PiecesRoot;
        File.SetLastWriteTimeUtc(Path.Combine(MapFolder, $"{oldest}.map"), DateTime.UtcNow.AddHours(-1));

        _store.TryAdd(Make(ChunkMapStore.MaxCount).Map);

        Assert.False(_store.Has(oldest));
        Assert.Equal(ChunkMapStore.MaxCount, Directory.GetFiles(MapFolder).Length);
    }

    [Fact]
    public async Task A_map_stays_as_long_as_a_share_of_the_content_is_kept()
    {
        var file = await SharedFile.MakeAsync(_folder, "data", SharedFile.Bytes(100_000));
        var root = file.Content.PiecesRoot!.Value;
        Assert.True(await _store.MakeAsync(file, CancellationToken.None));
        var shares = new ShareStore(StateFolder.Open(_folder.Combine("state")), new TrackerAccount(Guid.NewGuid(), "alice"), (_, _, _) => throw new NotSupportedException());
        await shares.AddAsync(file, TestIds.Group("builds"), "data", received: false);

        _store.Remove(root);
        Assert.True(_store.Has(root));

        await shares.RemoveAsync(TestIds.Group("builds"), "data");
        _store.Remove(root);
        Assert.False(_store.Has(root));
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
    }

    [Fact]
    public void Received_maps_take_no_room_from_those_that_were_made_here()
    {
        var (own, content) = Make(0);
        _store.TryAdd(own);
        File.SetLastWriteTimeUtc(Path.Combine(MapFolder, $"{own.PiecesRoot}.map"), DateTime.UtcNow.AddHours(-1));

        for (var index = 1; index <= ChunkMapStore.MaxReceivedCount + 1; index++)
        {
            Assert.True(_store.TryAdd(Make(index).Map, received: true));
        }

        Assert.NotNull(_store.Find(content));
        Assert.Equal(ChunkMapStore.MaxReceivedCount + 1, Directory.GetFiles(MapFolder).Length);
        var (last, ofLast) = Make(ChunkMapStore.MaxReceivedCount + 1);
        Assert.Equal(last.Bytes, _store.Find(ofLast)!.Bytes);
        Assert.Equal(last.Bytes.Length, _store.Length(last.PiecesRoot));
        Assert.True(_store.TryRead(last.PiecesRoot, 0, new byte[8]));
    }

    [Fact]
    public async Task A_map_that_is_made_here_takes_the_place_of_one_that_was_received()
    {
        var file = await SharedFile.MakeAsync(_folder, "data", SharedFile.Bytes(100_000));
        var writer = new ChunkMapWriter();
        writer.TryAdd(50_000, 1);
        writer.TryAdd(50_000, 2);
        var lie = writer.Finish(file.Content);
        _store.TryAdd(lie, received: true);
        Assert.Equal(lie.Bytes, _store.Find(file.Content)!.Bytes);

        Assert.True(await _store.MakeAsync(file, CancellationToken.None));

        Assert.NotEqual(lie.Bytes, _store.Find(file.Content)!.Bytes);
        Assert.Single(Directory.GetFiles(MapFolder));
    }

    private string MapFolder => _folder.Combine("state", "maps");

    private static (ChunkMap Map, ContentDescription Content) Make(int seed)
    {
        var writer = new ChunkMapWriter();
        writer.TryAdd(ChunkLength.Max, (UInt128)seed);
        writer.TryAdd(1 + seed, (UInt128)seed);
        var size = ChunkLength.Max + 1 + seed;
        var content = new ContentDescription(size, PieceLength.For(size), Hash256.Compute(BitConverter.GetBytes(seed)));
        return (writer.Finish(content), content);
    }
}
