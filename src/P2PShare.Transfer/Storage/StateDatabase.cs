using System.Threading.Channels;
using Dapper;
using Microsoft.Data.Sqlite;
using P2PShare.Protocol;

namespace P2PShare.Transfer.Storage;

/// <summary>
/// The SQLite file of a state folder; several shells may use it at once. Waiting writes go into one transaction, so that ten
/// thousand small files do not cost ten thousand commits.
/// </summary>
internal sealed class StateDatabase
{
    private const int MaxBatch = 1000;

    // One entry a version. A released entry is never changed; a new one is appended.
    private static readonly string[] Migrations =
    [
        """
        CREATE TABLE contents (
            path TEXT NOT NULL PRIMARY KEY,
            size INTEGER NOT NULL,
            modified INTEGER NOT NULL,
            piece_length INTEGER NOT NULL,
            pieces_root BLOB NULL,
            piece_layer BLOB NOT NULL
        );
        CREATE TABLE shares (
            tracker_id TEXT NOT NULL,
            user_name TEXT NOT NULL,
            group_name TEXT NOT NULL,
            file_name TEXT NOT NULL,
            path TEXT NOT NULL REFERENCES contents (path),
            received INTEGER NOT NULL,
            PRIMARY KEY (tracker_id, user_name, group_name, file_name)
        );
        CREATE INDEX shares_by_path ON shares (path);
        CREATE TABLE downloads (
            id TEXT NOT NULL PRIMARY KEY,
            tracker_id TEXT NOT NULL,
            user_name TEXT NOT NULL,
            group_name TEXT NOT NULL,
            file_name TEXT NOT NULL,
            size INTEGER NOT NULL,
            piece_length INTEGER NOT NULL,
            pieces_root BLOB NULL,
            destination TEXT NOT NULL,
            overwrite INTEGER NOT NULL,
            state TEXT NOT NULL,
            error_code TEXT NULL,
            error_message TEXT NULL,
            bytes_verified INTEGER NOT NULL,
            created INTEGER NOT NULL
        );
        """,
        // The id of the group; null in rows of before, until a peer server has looked it up.
        """
        ALTER TABLE shares ADD COLUMN group_id TEXT NULL;
        ALTER TABLE downloads ADD COLUMN group_id TEXT NULL;
        CREATE INDEX shares_by_group ON shares (group_id, file_name);
        """,
        // What tells a shared file from another of the same size and time; null until a share of an older version is opened.
        """
        ALTER TABLE contents ADD COLUMN device INTEGER NULL;
        ALTER TABLE contents ADD COLUMN file_id INTEGER NULL;
        ALTER TABLE contents ADD COLUMN changed INTEGER NULL;
        """,
        // Whether the file at the destination is updated in place.
        "ALTER TABLE downloads ADD COLUMN in_place INTEGER NOT NULL DEFAULT 0;",
        // The attributes that a file gets when it is complete: the time in ticks of UTC; null for none. And whether it is an earlier version of its name.
        """
        ALTER TABLE downloads ADD COLUMN modified INTEGER NULL;
        ALTER TABLE downloads ADD COLUMN executable INTEGER NULL;
        ALTER TABLE downloads ADD COLUMN is_earlier INTEGER NOT NULL DEFAULT 0;
        """,
    ];

    private readonly string _connectionString;
    private readonly Channel<Write> _waiting = Channel.CreateUnbounded<Write>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Lock _lock = new();
    private Task? _writer;

    private readonly string _path;

    public StateDatabase(string path)
    {
        _path = path;
        _connectionString = new SqliteConnectionStringBuilder { DataSource = path, ForeignKeys = true, DefaultTimeout = 30 }.ToString();
    }

    public delegate void Work(StateTransaction transaction);

    public SqliteConnection Open()
    {
        var connection = new SqliteConnection(_connectionString);
        connection.Open();
        // A commit survives the end of the shell at once, and a power failure only after a moment: what is lost then can be found out again.
        connection.Execute("PRAGMA synchronous = NORMAL");
        return connection;
    }

    /// <summary>Writes soon, in the order of the calls, together with other waiting writes.</summary>
    /// <returns>Completes when the write is committed; throws <see cref="SqliteException"/> if it could not be.</returns>
    public Task WriteAsync(string sql, object parameters) =>
        EnqueueAsync(transaction => transaction.Execute(sql, parameters));

    /// <inheritdoc cref="WriteAsync(string, object)"/>
    public Task WriteAsync(Work work) => EnqueueAsync(work);

    /// <summary>Waits until all earlier writes are committed or have failed.</summary>
    public Task FlushAsync() => EnqueueAsync(_ => { });

    /// <summary>Makes the database, or brings it to this version.</summary>
    /// <exception cref="P2PShareException">StateFolderUnusable: it is damaged or cannot be opened.</exception>
    /// <exception cref="IOException">One of its files is not a regular file, or cannot be made.</exception>
    public void Migrate()
    {
        PrivateFile.Ensure(_path);
        PrivateFile.Check(_path + "-wal");
        PrivateFile.Check(_path + "-shm");
        try
        {
            MigrateCore();
        }
        catch (SqliteException e)
        {
            throw Unusable(e);
        }
    }

    /// <summary>Reads what is committed. Damage behind the first page is found only here.</summary>
    /// <exception cref="P2PShareException">StateFolderUnusable: it is damaged or cannot be read.</exception>
    public T Read<T>(Func<SqliteConnection, T> query)
    {
        try
        {
            using var connection = Open();
            return query(connection);
        }
        catch (SqliteException e)
        {
            throw Unusable(e);
        }
    }

    /// <summary>Names the file and what to do about it.</summary>
    public P2PShareException Unusable(SqliteException e) => new(
        ErrorCode.StateFolderUnusable,
        e.SqliteErrorCode is SQLitePCL.raw.SQLITE_NOTADB or SQLitePCL.raw.SQLITE_CORRUPT
            ? $"'{_path}' is damaged ({e.Message}). Move it away: shares have to be made again, and unfinished downloads continue when they are started again."
            : $"'{_path}' cannot be used: {e.Message}",
        e);

    private void MigrateCore()
    {
        using var connection = Open();
        connection.Execute("PRAGMA journal_mode = WAL");
        using var transaction = connection.BeginTransaction(deferred: false);
        var version = connection.ExecuteScalar<int>("PRAGMA user_version", transaction: transaction);
        for (; version < Migrations.Length; version++)
        {
            connection.Execute(Migrations[version], transaction: transaction);
            connection.Execute($"PRAGMA user_version = {version + 1}", transaction: transaction);
        }

        transaction.Commit();
    }

    private Task EnqueueAsync(Work work)
    {
        var write = new Write(work);
        _waiting.Writer.TryWrite(write);
        lock (_lock)
        {
            _writer ??= Task.Run(WriteAllAsync);
        }

        return write.Completion.Task;
    }

    private async Task WriteAllAsync()
    {
        var batch = new List<Write>();
        while (await _waiting.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (batch.Count < MaxBatch && _waiting.Reader.TryRead(out var write))
            {
                batch.Add(write);
            }

            try
            {
                Commit(batch);
            }
            catch (Exception)
            {
                // One of the writes failed; the others, and those that come later, must not fail with it.
                batch.ForEach(write => CommitAlone(write));
            }

            batch.ForEach(write => write.Completion.TrySetResult());
            batch.Clear();
        }
    }

    private void Commit(List<Write> writes)
    {
        using var connection = Open();
        using var transaction = new StateTransaction(connection);
        writes.ForEach(write => write.Work(transaction));
        transaction.Commit();
    }

    private void CommitAlone(Write write)
    {
        try
        {
            Commit([write]);
        }
        catch (Exception e)
        {
            write.Completion.TrySetException(e);
        }
    }

    private sealed record Write(Work Work)
    {
        public TaskCompletionSource Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
