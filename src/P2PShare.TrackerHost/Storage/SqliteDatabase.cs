using System.Collections.Concurrent;
using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;
using P2PShare.Protocol;
using SQLitePCL;

namespace P2PShare.TrackerHost.Storage;

/// <summary>One SQLite file in write-ahead mode, with one writing connection: a transaction that writes locks the file.</summary>
internal sealed class SqliteDatabase : TrackerDatabase
{
    public const string FileName = "tracker.db";

    private const int MaxIdleReaders = 16;

    // Pages of 4096 bytes that are written until the log is copied into the database beside the writer. A write that is durable waits for the disk behind
    // a copy: with 4000 the longest write of others took up to 440 ms during a large removal, with 1000 up to 160 ms, and no rate was lower.
    private const int CopiedPages = 1000;

    // The writer does it, and all writes wait, where the copies do not keep up.
    private const int MaxPages = 32 * CopiedPages;

    /// <summary>Bytes that the write-ahead log can have before it is made short again.</summary>
    public const long MaxLogSize = 16L * CopiedPages * 4096;

    private readonly string _connectionString;
    private readonly SqliteLog _log;
    private readonly ConcurrentQueue<PreparedSqliteConnection> _idleReaders = [];
    private volatile bool _isClosed;
    private bool _isWriterPresence;

    private SqliteDatabase(string connectionString, TimeProvider clock)
        : base(clock) => (_connectionString, _log) = (connectionString, new SqliteLog(connectionString, CopiedPages));

    /// <summary>Opens the database in <paramref name="dataPath"/>, creates it if it is missing, and brings its schema up to date.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.PathUnwritable"/>, or a schema of a newer version.</exception>
    public static async Task<TrackerDatabase> OpenAsync(string dataPath, TimeProvider clock, Action<string> report, CancellationToken cancellationToken)
    {
        var path = Path.Combine(dataPath, FileName);
        var database = new SqliteDatabase(new SqliteConnectionStringBuilder { DataSource = path, ForeignKeys = true, Pooling = false }.ToString(), clock);
        try
        {
            // SQLite would create it readable by everybody; its other files take their permissions from this one.
            PrivateFile.CreateEmptyIfMissing(path);
            await using var connection = await database.OpenWriterAsync();
            await Migrations.ApplyAsync(database, connection, clock, report, cancellationToken);
            return database;
        }
        catch (Exception e)
        {
            await database.DisposeAsync();
            if (e is SqliteException { SqliteErrorCode: raw.SQLITE_NOTADB or raw.SQLITE_CORRUPT })
            {
                throw new P2PShareException(
                    ErrorCode.PathUnreadable,
                    $"The tracker's database '{path}' is damaged, or not a database: {e.Message.TrimEnd('.')}. Restore it from a backup; it was left as it is.",
                    e);
            }

            if (e is SqliteException or IOException or UnauthorizedAccessException)
            {
                throw new P2PShareException(
                    ErrorCode.PathUnwritable,
                    $"The tracker's database '{path}' cannot be used: {e.Message.TrimEnd('.')}. Check the folder's permissions and free space, or choose another with Tracker:DataPath.",
                    e);
            }

            throw;
        }
    }

    public override Task PublishAsync(IReadOnlyList<string> messages)
    {
        foreach (var message in messages)
        {
            OnMessage(message);
        }

        return Task.CompletedTask;
    }

    internal override async Task<DbConnection> OpenWriterAsync()
    {
        var connection = new PreparedSqliteConnection(_connectionString);
        try
        {
            await connection.OpenAsync();
            _isWriterPresence = false;
            connection.CreateFunction<string, string>(NameKey, Protocol.Names.FileName.Key, isDeterministic: true);
            // Many peers touch pages all over the file: room for them in memory (KiB), and fewer copies from the log (pages).
            await connection.ExecuteAsync(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = " + $"{MaxPages};");
            _log.OnWriterOpened();
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    internal override bool ReleasesSavepoints => true;

    // In write-ahead mode NORMAL flushes at checkpoints only; a later FULL commit flushes all before it.
    internal override async Task PrepareAsync(DbConnection connection, bool isPresence)
    {
        _log.Keep((SqliteConnection)connection);
        if (_isWriterPresence != isPresence)
        {
            await connection.ExecuteAsync(isPresence ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL");
            _isWriterPresence = isPresence;
        }
    }

    // BEGIN IMMEDIATE has the file's lock already.
    internal override Task LockAsync(DbConnection connection, IReadOnlyCollection<WriteLock> locks, bool isPresence) => Task.CompletedTask;

    // SQLite waits on the caller's thread and hears of no cancellation, so it waits a second at a time.
    internal override Task<DbTransaction> BeginMigrationAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        var sqlite = (SqliteConnection)connection;
        return Task.Run<DbTransaction>(
            () =>
            {
                var usual = sqlite.DefaultTimeout;
                sqlite.DefaultTimeout = 1;
                try
                {
                    while (true)
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        try
                        {
                            return sqlite.BeginTransaction();
                        }
                        catch (SqliteException e) when (e.SqliteErrorCode == raw.SQLITE_BUSY)
                        {
                            // Another process holds the lock.
                        }
                    }
                }
                finally
                {
                    sqlite.DefaultTimeout = usual;
                }
            },
            cancellationToken);
    }

    // The first one copies beside readers and writers, so that little is left for the second one, which writers wait for.
    internal override Task TrimLogAsync(CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            if (new FileInfo(new SqliteConnectionStringBuilder(_connectionString).DataSource + "-wal") is { Exists: true, Length: > MaxLogSize })
            {
                using var connection = new SqliteConnection(_connectionString);
                connection.Open();
                connection.Execute("PRAGMA busy_timeout = 200; PRAGMA wal_checkpoint(PASSIVE); PRAGMA wal_checkpoint(TRUNCATE)");
            }
        },
        cancellationToken);

    // Version 4 (RFC 9562), from the operating system's random numbers.
    internal override string Translate(string migration) => migration.Replace(
        RandomUuid,
        "LOWER(HEX(randomblob(4)) || '-' || HEX(randomblob(2)) || '-4' || SUBSTR(HEX(randomblob(2)), 2) || '-'"
        + " || SUBSTR('89AB', 1 + ABS(RANDOM() % 4), 1) || SUBSTR(HEX(randomblob(2)), 2) || '-' || HEX(randomblob(6)))",
        StringComparison.Ordinal);

    // The index of the write-ahead log is a mapped file, which has an error code of its own when it cannot grow.
    internal override WriteFault FaultOf(Exception e) =>
        e is SqliteException { SqliteErrorCode: raw.SQLITE_FULL } or SqliteException { SqliteExtendedErrorCode: raw.SQLITE_IOERR_SHMSIZE }
            ? WriteFault.Full
            : e is SqliteException { SqliteErrorCode: raw.SQLITE_BUSY } ? WriteFault.TimedOut : WriteFault.OneWrite;

    protected override async Task<DbConnection> OpenReaderAsync(CancellationToken cancellationToken)
    {
        if (_idleReaders.TryDequeue(out var idle))
        {
            return idle;
        }

        var connection = new PreparedSqliteConnection(_connectionString, KeepReader);
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    protected override ValueTask<DbTransaction> BeginSnapshotAsync(DbConnection connection) =>
        ValueTask.FromResult<DbTransaction>(((SqliteConnection)connection).BeginTransaction(deferred: true));

    protected override async ValueTask CloseAsync()
    {
        _isClosed = true;
        CloseIdleReaders();
        await (_log.Copy ?? Task.CompletedTask);
    }

    private bool KeepReader(PreparedSqliteConnection reader)
    {
        if (_idleReaders.Count >= MaxIdleReaders)
        {
            return false;
        }

        _idleReaders.Enqueue(reader);
        if (_isClosed)
        {
            CloseIdleReaders();
        }

        return true;
    }

    private void CloseIdleReaders()
    {
        while (_idleReaders.TryDequeue(out var reader))
        {
            reader.Dispose();
        }
    }
}
