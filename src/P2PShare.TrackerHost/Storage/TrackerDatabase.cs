using System.Data.Common;
using Microsoft.Extensions.Logging.Abstractions;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Hosting;

namespace P2PShare.TrackerHost.Storage;

/// <summary>
/// The tracker's memory. Reads run side by side on pooled connections, writes in batches through <see cref="WriteQueue"/>.
/// The SQL is the same for both databases; where they differ is here, in what <see cref="SqliteDatabase"/> and
/// <see cref="PostgresDatabase"/> each do their own way.
/// </summary>
internal abstract class TrackerDatabase : IAsyncDisposable
{
    private readonly WriteQueue _writes;
    private int _isAway;
    private int _isFull;

    protected TrackerDatabase() => _writes = new WriteQueue(this);

    /// <summary>
    /// After each commit of this process, before those who wrote are told, and after commits of other instances where the
    /// database tells of them; to be handled at once.
    /// </summary>
    public event Action? Written;

    /// <summary>Told once when the database is away, and once when it is back.</summary>
    public ILogger Logger { get; set; } = NullLogger.Instance;

    /// <summary>Told of each batch of writes; null: nobody is.</summary>
    public TrackerMetrics? Metrics { get; set; }

    /// <summary>Whether it did not answer the last time that somebody needed it.</summary>
    public bool IsAwayNow => Volatile.Read(ref _isAway) == 1;

    /// <summary>Whether there was no room for the last write.</summary>
    public bool IsFullNow => Volatile.Read(ref _isFull) == 1;

    /// <summary>Writes that wait for a batch.</summary>
    public int WritesWaiting => _writes.Waiting;

    /// <summary>Opens the database that the options choose and brings its schema up to date.</summary>
    /// <exception cref="P2PShareException">It cannot be used; the message says why.</exception>
    public static async Task<TrackerDatabase> OpenAsync(TrackerOptions options, CancellationToken cancellationToken) =>
        options.Database == DatabaseKind.Postgres
            ? await PostgresDatabase.OpenAsync(options.ConnectionString, cancellationToken)
            : await SqliteDatabase.OpenAsync(options.DataPath, cancellationToken);

    /// <summary>Reads: one statement, or several that need not see the same moment. May run twice where the connection was lost.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.TrackerDatabaseUnavailable"/>.</exception>
    public async Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> read, CancellationToken cancellationToken)
    {
        for (var again = false; ; again = true)
        {
            try
            {
                await using var connection = await OpenReaderAsync(cancellationToken);
                var result = await read(connection);
                OnAnswered();
                return result;
            }
            catch (Exception e) when (IsAway(e))
            {
                // Pooled connections do not know that the server was started anew.
                if (again)
                {
                    throw Away("The tracker's database does not answer at the moment. Try again in a few seconds.", e);
                }
            }
        }
    }

    /// <summary>Reads with several statements that all see the same moment.</summary>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public Task<T> ReadSnapshotAsync<T>(Func<DbConnection, Task<T>> read, CancellationToken cancellationToken) => ReadAsync(
        async connection =>
        {
            await using var snapshot = await BeginSnapshotAsync(connection);
            return await read(connection);
        },
        cancellationToken);

    /// <summary>Writes under the lock of all writers: what it reads stays so until the commit, whichever instance writes.</summary>
    /// <inheritdoc cref="WriteQueue.RunAsync"/>
    public Task<T> WriteAsync<T>(Func<DbConnection, Task<T>> write, CancellationToken cancellationToken) =>
        _writes.RunAsync(write, isShared: false, cancellationToken);

    /// <summary>Writes beside others of this kind in other instances, but never beside <see cref="WriteAsync"/>: for rows that nobody else writes.</summary>
    /// <inheritdoc cref="WriteQueue.RunAsync"/>
    public Task<T> WriteSharedAsync<T>(Func<DbConnection, Task<T>> write, CancellationToken cancellationToken) =>
        _writes.RunAsync(write, isShared: true, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _writes.DisposeAsync();
        await CloseAsync();
    }

    /// <summary>A connection that stays with the writer until it is lost.</summary>
    internal abstract Task<DbConnection> OpenWriterAsync();

    /// <summary>
    /// To be called first in each writing transaction. The rules were written for one writer: what a write has read, such
    /// as a membership or that a name is free, is true until it commits. With this lock they are so with several
    /// instances too, all of them and without each statement having to think of it.
    /// </summary>
    /// <param name="shared">Whether the transaction only has writes of <see cref="WriteSharedAsync"/>.</param>
    internal abstract Task LockAsync(DbConnection connection, bool shared);

    /// <summary>Whether a savepoint is released after its write, or only hidden by the next one of that name, until the commit.</summary>
    internal abstract bool ReleasesSavepoints { get; }

    /// <summary>A migration's SQL in the database's own words.</summary>
    internal abstract string Translate(string migration);

    /// <summary>Whether the database, or the connection to it, is gone for now.</summary>
    internal abstract bool IsAway(Exception e);

    /// <summary>Whether there was no room on the database's disk: nothing of the transaction counts.</summary>
    internal abstract bool IsFull(Exception e);

    /// <summary>Whether the transaction was the victim of another one and would succeed when tried again.</summary>
    internal abstract bool IsConflict(Exception e);

    internal P2PShareException Away(string message, Exception e)
    {
        if (Interlocked.Exchange(ref _isAway, 1) == 0)
        {
            Logger.DatabaseAway(e);
        }

        return new P2PShareException(ErrorCode.TrackerDatabaseUnavailable, message, e);
    }

    internal P2PShareException Full(Exception e)
    {
        if (Interlocked.Exchange(ref _isFull, 1) == 0)
        {
            Logger.DatabaseFull(e);
        }

        return new P2PShareException(
            ErrorCode.TrackerStorageFull, "The tracker's disk is full, and nothing was changed. Tell its operator; try again when there is room.", e);
    }

    internal void OnWritten()
    {
        OnAnswered();
        if (Volatile.Read(ref _isFull) == 1 && Interlocked.Exchange(ref _isFull, 0) == 1)
        {
            Logger.DatabaseHasRoom();
        }

        Written?.Invoke();
    }

    protected abstract Task<DbConnection> OpenReaderAsync(CancellationToken cancellationToken);

    protected abstract ValueTask<DbTransaction> BeginSnapshotAsync(DbConnection connection);

    protected abstract ValueTask CloseAsync();

    private void OnAnswered()
    {
        if (Volatile.Read(ref _isAway) == 1 && Interlocked.Exchange(ref _isAway, 0) == 1)
        {
            Logger.DatabaseBack();
        }
    }
}
