using Dapper;
using Microsoft.Data.Sqlite;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Integration.TrackerHost;

/// <summary>SQLite's write-ahead log, copied beside the writes.</summary>
public sealed class SqliteLogTests : IAsyncLifetime
{
    private const int Pages = 200;
    private const int PageSize = 4096;

    private readonly TemporaryFolder _folder = new();
    private readonly SqliteConnection _writer;
    private readonly SqliteLog _log;

    public SqliteLogTests()
    {
        var connectionString = new SqliteConnectionStringBuilder { DataSource = _folder.Combine("test.db"), Pooling = false }.ToString();
        _writer = new SqliteConnection(connectionString);
        _log = new SqliteLog(connectionString, Pages);
    }

    private long LogSize => new FileInfo(_folder.Combine("test.db-wal")).Length;

    public async Task InitializeAsync()
    {
        await _writer.OpenAsync();
        // Without a copy of SQLite's own.
        await _writer.ExecuteAsync("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 0; CREATE TABLE bytes (value BLOB)");
        _log.OnWriterOpened();
    }

    public async Task DisposeAsync()
    {
        await (_log.Copy ?? Task.CompletedTask);
        await _writer.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_log_begins_anew_while_writes_go_on()
    {
        for (var i = 0; i < 300; i++)
        {
            await WriteAsync();
        }

        Assert.InRange(LogSize, 1, 2 * Pages * PageSize);
        Assert.Equal(300, await _writer.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM bytes"));
    }

    [Fact]
    public async Task The_copy_is_not_left_to_the_writer()
    {
        var database = new FileInfo(_folder.Combine("test.db"));
        for (var i = 0; i < Pages && _log.Copy is null; i++)
        {
            await WriteAsync();
        }

        database.Refresh();

        Assert.True(database.Length > Pages / 2 * PageSize, $"The database has {database.Length} bytes.");
    }

    [Fact]
    public async Task The_log_begins_anew_although_much_is_written_during_each_copy()
    {
        for (var i = 0; i < 60; i++)
        {
            _log.Keep(_writer);
            await (_log.Copy ?? Task.CompletedTask);
            await _writer.ExecuteAsync("INSERT INTO bytes (value) VALUES (zeroblob(800000))");
        }

        Assert.InRange(LogSize, 1, 10 * Pages * PageSize);
    }

    [Fact]
    public async Task A_reader_of_an_old_state_keeps_the_log_and_the_log_begins_anew_when_it_ends()
    {
        await using (var reader = new SqliteConnection(_writer.ConnectionString))
        {
            await reader.OpenAsync();
            await using var snapshot = reader.BeginTransaction(deferred: true);
            await reader.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM bytes");
            for (var i = 0; i < 100; i++)
            {
                await WriteAsync();
            }

            Assert.True(LogSize > 3 * Pages * PageSize, "the reader needs it");
            Assert.Equal(0, await reader.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM bytes"));
        }

        for (var i = 0; i < 50; i++)
        {
            await WriteAsync();
        }

        var size = LogSize;
        for (var i = 0; i < 200; i++)
        {
            await WriteAsync();
        }

        Assert.Equal(size, LogSize);
    }

    [Fact]
    public async Task A_new_writing_connection_begins_to_count_anew()
    {
        for (var i = 0; i < 100; i++)
        {
            await WriteAsync();
        }

        await _writer.CloseAsync();
        await InitializeAgainAsync();
        for (var i = 0; i < 300; i++)
        {
            await WriteAsync();
        }

        Assert.InRange(LogSize, 1, 2 * Pages * PageSize);
    }

    private async Task InitializeAgainAsync()
    {
        await _writer.OpenAsync();
        await _writer.ExecuteAsync("PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 0");
        _log.OnWriterOpened();
    }

    // Some ten pages, and the copies have all the time that they need.
    private async Task WriteAsync()
    {
        _log.Keep(_writer);
        await _writer.ExecuteAsync("INSERT INTO bytes (value) VALUES (zeroblob(32000))");
        await (_log.Copy ?? Task.CompletedTask);
    }
}
