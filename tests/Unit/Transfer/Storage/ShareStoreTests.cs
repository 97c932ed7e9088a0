using Microsoft.Data.Sqlite;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Storage;

public sealed class ShareStoreTests : IDisposable
{
    private static readonly TrackerAccount Account = new(Guid.NewGuid(), "alice");
    private static readonly GroupIdentity Dev = TestIds.Group("dev");

    private readonly TemporaryFolder _folder = new();
    private readonly StateFolder _state;
    private readonly ShareStore _store;

    public ShareStoreTests()
    {
        _state = StateFolder.Open(_folder.Combine("state"));
        _store = new ShareStore(_state, Account, (group, _, _) => Task.FromResult(new WithdrawFilesResponse(TestIds.Of(group), [new FailedWithdrawal("kept.bin", ErrorCode.NotSharer, "No.")])));
    }

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    [Fact]
    public async Task Shares_that_are_added_together_are_kept_as_they_are_whatever_they_lack()
    {
        ShareStore.Share[] shares =
        [
            Share("a.bin", File("a", 200_000, layer: [Hash256.Compute([1]), Hash256.Compute([2])])),
            Share("b/ü.bin", File("b ü 𝄞", 10, identity: null)),
            Share("c.bin", new HashedFile("/empty", DateTimeOffset.UnixEpoch, new ContentDescription(0, 65536, null), []), received: true),
        ];

        await _store.AddAsync(shares);

        Assert.All(_store.GetAll().Zip(shares), pair =>
        {
            var (kept, added) = pair;
            Assert.Equal((added.Group.Id, added.Group.Name, added.Name, added.Received), (kept.Group.Id, kept.Group.Name, kept.Name, kept.Received));
            Assert.Equal(added.File with { PieceLayer = [] }, kept.File with { PieceLayer = [] });
            Assert.Equal(added.File.PieceLayer, kept.File.PieceLayer);
        });
        Assert.Equal(shares.Length, _store.GetAll().Count);
    }

    [Fact]
    public async Task A_share_that_is_added_again_is_replaced_and_a_name_of_another_user_is_not()
    {
        var others = new ShareStore(_state, new TrackerAccount(Account.TrackerId, "bob"), (_, _, _) => throw new NotSupportedException());
        await others.AddAsync([Share("a.bin", File("bobs", 5))]);
        await _store.AddAsync([Share("a.bin", File("old", 1)), Share("a.bin", File("new", 2), received: true)]);

        var share = Assert.Single(_store.GetAll());

        Assert.Equal(("/new", 2L, true), (share.File.Path, share.File.Content.Size, share.Received));
        Assert.Equal("/bobs", Assert.Single(others.GetAll()).File.Path);
    }

    [Fact]
    public async Task What_is_withdrawn_is_forgotten_with_its_content_and_what_is_not_stays()
    {
        var ops = TestIds.Group("ops");
        var both = File("both", 3);
        await _store.AddAsync([Share("a.bin", File("a", 1)), Share("kept.bin", File("kept", 2)), Share("both.bin", both), Share("both.bin", both) with { Group = ops }, Share("other.bin", File("other", 4))]);

        await _store.WithdrawAsync("dev", ["a.bin", "kept.bin", "both.bin", "unknown.bin"], CancellationToken.None);

        Assert.Equal([("dev", "kept.bin"), ("ops", "both.bin"), ("dev", "other.bin")], _store.GetAll().Select(share => (share.Group.Name, share.Name)));
        Assert.Equal(["/both", "/kept", "/other"], ContentPaths());
    }

    [Fact]
    public async Task A_write_that_fails_is_reported_and_those_that_waited_with_it_are_made()
    {
        using var unblock = new ManualResetEventSlim();
        var first = _state.Database.WriteAsync(_ => unblock.Wait());
        var good = _store.AddAsync([Share("a.bin", File("a", 1))]);
        var bad = _state.Database.WriteAsync(transaction => transaction.Prepare("INSERT INTO shares (path) VALUES (?1)").Bind("/none").Run());
        var alsoGood = _store.AddAsync([Share("b.bin", File("b", 2))]);
        unblock.Set();

        await Assert.ThrowsAsync<SqliteException>(() => bad);
        await Task.WhenAll(first, good, alsoGood);
        Assert.Equal(["a.bin", "b.bin"], _store.GetAll().Select(share => share.Name));
    }

    [Fact]
    public async Task Files_are_looked_up_by_what_they_are_now()
    {
        var path = _folder.Combine("known.bin");
        System.IO.File.WriteAllBytes(path, [1, 2, 3]);
        var other = _folder.Combine("other.bin");
        System.IO.File.WriteAllBytes(other, [1, 2, 3]);
        var hashed = await FileHasher.HashAsync(path, null, CancellationToken.None);
        await _store.AddAsync([Share("known.bin", hashed)]);

        using var known = _store.OpenKnown();
        Assert.Equal(hashed.Content, known.FindUnchanged(path));
        Assert.Null(known.FindUnchanged(other));
        Assert.Null(known.FindUnchanged(_folder.Combine("none")));
        Assert.Null(known.FindUnchanged(_folder.Path));
        System.IO.File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        Assert.Null(known.FindUnchanged(path));
    }

    private static ShareStore.Share Share(string name, HashedFile file, bool received = false) => new(Dev, name, received, file);

    private static HashedFile File(string name, long size, IReadOnlyList<Hash256>? layer = null) => File(name, size, new FileIdentity(1, size, -1)) with { PieceLayer = layer ?? [] };

    private static HashedFile File(string name, long size, FileIdentity? identity) => new(
        "/" + name, DateTimeOffset.UnixEpoch.AddTicks(size), new ContentDescription(size, 65536, Hash256.Compute(BitConverter.GetBytes(size))), [], identity);

    private List<string> ContentPaths()
    {
        using var connection = _state.Database.Open();
        using var select = new RowStatement(connection, "SELECT path FROM contents ORDER BY path");
        return select.Query(row => row.Text(0));
    }
}
