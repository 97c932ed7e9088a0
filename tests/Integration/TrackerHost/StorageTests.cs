using Dapper;
using Microsoft.Data.Sqlite;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Integration.TrackerHost;

public sealed class StorageTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private StorageOptions _options = null!;
    private TrackerDatabase _database = null!;

    public async Task InitializeAsync()
    {
        _options = await TestDatabase.StorageAsync(_folder.Path);
        _database = await TrackerDatabase.OpenAsync(_options, TimeProvider.System, _ => { }, CancellationToken.None);
        await WriteAsync("CREATE TABLE numbers (number BIGINT NOT NULL PRIMARY KEY)");
    }

    public async Task DisposeAsync()
    {
        await _database.DisposeAsync();
        await TestDatabase.DropAsync(_folder.Path);
        _folder.Dispose();
    }

    [TrackerFact]
    public async Task A_write_that_fails_takes_no_other_with_it_and_leaves_nothing()
    {
        using var hold = new ManualResetEventSlim();
        // Holds the writer, so that what follows is one batch.
        var first = _database.WriteAsync(connection => Task.FromResult(hold.Wait(TimeSpan.FromSeconds(30))), CancellationToken.None);
        var writes = Enumerable.Range(0, 50).Select(i => _database.WriteAsync(
            async connection =>
            {
                await connection.ExecuteAsync("INSERT INTO numbers (number) VALUES (@i)", new { i });
                return i % 2 == 0 ? i : throw new InvalidOperationException($"odd: {i}");
            },
            CancellationToken.None)).ToArray();
        hold.Set();

        Assert.True(await first);
        for (var i = 0; i < writes.Length; i++)
        {
            if (i % 2 == 0)
            {
                Assert.Equal(i, await writes[i]);
            }
            else
            {
                Assert.Equal($"odd: {i}", (await Assert.ThrowsAsync<InvalidOperationException>(() => writes[i])).Message);
            }
        }

        Assert.Equal(Enumerable.Range(0, 25).Select(i => i * 2L), await NumbersAsync());
    }

    [TrackerFact]
    public async Task Nothing_is_acknowledged_when_the_commit_fails()
    {
        var failing = _database.WriteAsync(
            async connection =>
            {
                await connection.ExecuteAsync("INSERT INTO numbers (number) VALUES (1)");
                // As a full disk does: the whole transaction is gone, savepoints included.
                return await connection.ExecuteAsync("ROLLBACK");
            },
            CancellationToken.None);

        await Assert.ThrowsAnyAsync<Exception>(() => failing);
        Assert.Empty(await NumbersAsync());

        await WriteAsync("INSERT INTO numbers (number) VALUES (2)");
        Assert.Equal([2], await NumbersAsync());
    }

    [TrackerFact]
    public async Task A_write_that_was_given_up_while_it_waited_is_not_done()
    {
        using var hold = new ManualResetEventSlim();
        using var cancellation = new CancellationTokenSource();
        var first = _database.WriteAsync(connection => Task.FromResult(hold.Wait(TimeSpan.FromSeconds(30))), CancellationToken.None);
        var second = _database.WriteAsync(connection => connection.ExecuteAsync("INSERT INTO numbers (number) VALUES (1)"), cancellation.Token);
        await cancellation.CancelAsync();
        hold.Set();

        await first;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.Empty(await NumbersAsync());
    }

    [Fact]
    public async Task Foreign_keys_are_checked_and_the_journal_is_written_ahead()
    {
        await Assert.ThrowsAsync<SqliteException>(() => WriteAsync("INSERT INTO members (group_id, user_id, joined) VALUES (1, 1, 1)"));
        Assert.Equal("wal", await _database.ReadAsync(connection => connection.ExecuteScalarAsync<string>("PRAGMA journal_mode"), CancellationToken.None));
        Assert.Equal(2, await _database.WriteAsync(connection => connection.ExecuteScalarAsync<long>("PRAGMA synchronous"), CancellationToken.None));
    }

    [TrackerFact]
    public async Task Two_instances_on_one_database_see_each_others_writes()
    {
        await using var other = await TrackerDatabase.OpenAsync(_options, TimeProvider.System, _ => { }, CancellationToken.None);

        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => (i % 2 == 0 ? _database : other).WriteAsync(
            connection => connection.ExecuteAsync("INSERT INTO numbers (number) VALUES (@i)", new { i }), CancellationToken.None)));

        Assert.Equal(40, (await NumbersAsync()).Count);
    }

    [TrackerFact]
    public async Task A_database_of_a_newer_version_is_left_alone()
    {
        await WriteAsync("INSERT INTO schema_version (version) VALUES (1000)");

        var refused = await Assert.ThrowsAsync<P2PShareException>(() => TrackerDatabase.OpenAsync(_options, TimeProvider.System, _ => { }, CancellationToken.None));

        Assert.Equal(ErrorCode.InvalidConfiguration, refused.Code);
    }

    [Fact]
    public async Task A_file_that_is_not_a_database_is_named_and_left_as_it_is()
    {
        var folder = Directory.CreateDirectory(_folder.Combine("broken")).FullName;
        var file = Path.Combine(folder, SqliteDatabase.FileName);
        await File.WriteAllTextAsync(file, new string('x', 5000));

        var refused = await Assert.ThrowsAsync<P2PShareException>(() => SqliteDatabase.OpenAsync(folder, TimeProvider.System, _ => { }, CancellationToken.None));

        Assert.Equal(ErrorCode.PathUnreadable, refused.Code);
        Assert.Contains(file, refused.Message, StringComparison.Ordinal);
        Assert.Contains("backup", refused.Message, StringComparison.Ordinal);
        Assert.Equal(new string('x', 5000), await File.ReadAllTextAsync(file));
    }

    [Fact]
    public async Task Secrets_are_for_the_trackers_own_user_alone()
    {
        var folder = _folder.Combine("new");
        await using var tracker = await TestTracker.StartAsync(options => options.DataPath = folder);

        // Windows gives a user's folders to that user alone anyway.
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
            var files = Directory.GetFiles(folder);
            Assert.True(files.Length >= 2);
            foreach (var file in files)
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }
        }
    }

    private Task<int> WriteAsync(string sql) => _database.WriteAsync(connection => connection.ExecuteAsync(sql), CancellationToken.None);

    private Task<List<long>> NumbersAsync() => _database.ReadAsync(
        async connection => (await connection.QueryAsync<long>("SELECT number FROM numbers ORDER BY number")).AsList(), CancellationToken.None);
}
