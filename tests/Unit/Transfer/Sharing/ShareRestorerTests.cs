using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Sharing;

/// <summary>What a peer server offers again when it starts.</summary>
public sealed class ShareRestorerTests : IDisposable
{
    private const int Batch = 128;

    private readonly TemporaryFolder _folder = new();
    private readonly ShareStore _store;
    private readonly List<string> _offered = [];

    public ShareRestorerTests() =>
        _store = new ShareStore(StateFolder.Open(_folder.Combine("state")), new TrackerAccount(Guid.NewGuid(), "alice"), (_, _, _) => throw new NotSupportedException());

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    [Fact]
    public async Task Files_of_several_batches_are_found_at_a_time_and_each_is_offered_once()
    {
        var shares = await AddAsync(3 * Batch);
        using var together = new CountdownEvent(3);

        await RestoreAsync(path =>
        {
            // The first of each batch.
            if (shares.FindIndex(share => share.File.Path == path) % Batch == 0)
            {
                together.Signal();
                Assert.True(together.Wait(TimeSpan.FromSeconds(30)), "The batches wait for each other.");
            }

            return Find(shares, path);
        });

        Assert.Equal(shares.Select(share => share.Name), _offered);
    }

    [Fact]
    public async Task What_cannot_be_found_in_a_batch_does_not_keep_others_from_being_offered()
    {
        var shares = await AddAsync(5 * Batch + 1);

        await RestoreAsync(path => path switch
        {
            "/files/0130" => null,
            "/files/0300" => throw new UnauthorizedAccessException(),
            "/files/0512" => new FileStatus(FileKind.Link, UnixFileMode.None, 0, 1, default),
            _ => Find(shares, path),
        });

        Assert.Equal(shares.Select(share => share.Name).Where(name => name is not ("0130" or "0300" or "0512")), _offered);
    }

    [Fact]
    public async Task A_file_that_is_hashed_is_known_as_shared_and_not_offered_once_it_was_withdrawn()
    {
        var (first, second) = (await AddChangedAsync("first"), await AddChangedAsync("second"));
        // The same file by another path.
        var link = Directory.CreateSymbolicLink(_folder.Combine("link"), Path.GetDirectoryName(second)!).FullName;
        OfferedName? found = null, foundByLink = null;
        ShareRestorer restorer = null!;
        restorer = new ShareRestorer(
            _store,
            (_, name) =>
            {
                _offered.Add(name.Name);
                found = restorer.FindShared(second);
                foundByLink = restorer.FindShared(Path.Combine(link, Path.GetFileName(second)));
                restorer.Withdraw(second);
            },
            SafeFile.Find, NullLogger.Instance, TimeProvider.System);
        using var disposing = restorer;

        await restorer.RestoreAsync();
        await restorer.Hashing;

        Assert.Equal(("second", "second"), (found?.Name, foundByLink?.Name));
        Assert.Equal(["first"], _offered);
        Assert.Null(restorer.FindShared(first));
    }

    // A shared file that was touched since.
    private async Task<string> AddChangedAsync(string name)
    {
        var file = await SharedFile.MakeAsync(_folder, name, SharedFile.Bytes(100_000));
        await _store.AddAsync(file, TestIds.Group("dev"), name, received: false);
        File.SetLastWriteTimeUtc(file.Path, DateTime.UtcNow.AddDays(1));
        return file.Path;
    }

    private static FileStatus? Find(List<ShareStore.Share> shares, string path) =>
        shares.Find(share => share.File.Path == path) is { } share ? new FileStatus(FileKind.File, UnixFileMode.None, 0, 1, share.File.Stamp) : null;

    private async Task RestoreAsync(Func<string, FileStatus?> find)
    {
        using var restorer = new ShareRestorer(_store, (_, name) => _offered.Add(name.Name), find, NullLogger.Instance, new FakeTimeProvider());
        await restorer.RestoreAsync();
    }

    private async Task<List<ShareStore.Share>> AddAsync(int count)
    {
        var group = TestIds.Group("dev");
        List<ShareStore.Share> shares = [.. Enumerable.Range(0, count).Select(i => new ShareStore.Share(group, $"{i:0000}", Received: false, new HashedFile(
            $"/files/{i:0000}", DateTimeOffset.UnixEpoch, new ContentDescription(1024, PieceLength.For(1024), Hash256.Compute(BitConverter.GetBytes(i))), [], new FileIdentity(1, i, 2))))];
        await _store.AddAsync(shares);
        return shares;
    }
}
