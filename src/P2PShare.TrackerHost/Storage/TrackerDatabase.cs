using System.Data.Common;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Storage;

/// <summary>
/// The tracker's database. Reads run side by side on pooled connections, writes in batches through <see cref="WriteQueue{TConnection}"/>.
/// The SQL is the same for both kinds; where they differ is here, in what <see cref="SqliteDatabase"/> and
/// <see cref="PostgresDatabase"/> each do in their own way.
/// </summary>
internal abstract class TrackerDatabase : IAsyncDisposable
{
    /// <summary>What a migration writes for a new random UUID; <see cref="Translate"/> replaces it.</summary>
    protected const string RandomUuid = "RANDOM_UUID";

    /// <summary>The function of a name in a migration that is <see cref="FileName.Key(string)"/>; <see cref="Translate"/> replaces it if the database has none.</summary>
    protected const string NameKey = "NAME_KEY";

    /// <summary>PostgreSQL refuses a payload of NOTIFY of 8000 bytes.</summary>
    public const int MaxMessageSize = 7999;

    private readonly WriteQueue<DbConnection> _writes;
    private int _isUnavailable;
    private int _isFull;
    private long _batchesFailed;

    protected TrackerDatabase(TimeProvider clock)
    {
        Clock = clock;
        _writes = new WriteQueue<DbConnection>(new DatabaseWriter(this), clock);
    }

    /// <summary>
    /// After each commit of this process but those of <see cref="WritePresenceAsync"/>, before its callers receive their results, and soon after commits of
    /// other instances if the database reports them. Handlers have to return at once.
    /// </summary>
    public event Action? Written;

    /// <summary>A message of <see cref="PublishAsync"/>, on any thread, of this process or of another instance. Handlers have to return at once.</summary>
    public event Action<string>? MessageReceived;

    /// <summary>After each commit of this process: how many writes it had, and how long it took from its begin.</summary>
    public event Action<int, TimeSpan>? Committed;

    /// <summary>Once when the database becomes unavailable.</summary>
    public event Action<Exception>? Lost;

    /// <summary>Once when the database answers again.</summary>
    public event Action? Recovered;

    /// <summary>Once when there is no room for a write.</summary>
    public event Action<Exception>? Filled;

    /// <summary>Once when there is room again.</summary>
    public event Action? Freed;

    /// <summary>After a statement took longer than its time-out. The database is available: it has answered.</summary>
    public event Action<Exception>? TimedOut;

    /// <summary>After a write that lost against others each time. The database is available: it has answered.</summary>
    public event Action<Exception>? Conflicted;

    /// <summary>Whether it did not answer the last request.</summary>
    public bool IsUnavailable => Volatile.Read(ref _isUnavailable) == 1;

    /// <summary>Whether there was no room for the last write.</summary>
    public bool IsFull => Volatile.Read(ref _isFull) == 1;

    /// <summary>Writes that wait for a batch.</summary>
    public int WritesWaiting => _writes.Waiting;

    /// <summary>Batches of writes that were not committed.</summary>
    public long BatchesFailed => Interlocked.Read(ref _batchesFailed);

    protected TimeProvider Clock { get; }

    /// <summary>Opens the database that the options choose and brings its schema up to date.</summary>
    /// <param name="report">Receives a sentence now and then while that takes long (<see cref="Migrations.ApplyAsync"/>).</param>
    /// <exception cref="P2PShareException">It cannot be used; the message says why.</exception>
    public static async Task<TrackerDatabase> OpenAsync(StorageOptions options, TimeProvider clock, Action<string> report, CancellationToken cancellationToken) =>
        options.Database == DatabaseKind.Postgres
            ? await PostgresDatabase.OpenAsync(options.ConnectionString, clock, report, cancellationToken)
            : await SqliteDatabase.OpenAsync(options.DataPath, clock, report, cancellationToken);

    /// <summary>Reads: one statement, or several that need not see the same moment. May run twice when the connection was lost.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.TrackerDatabaseUnavailable"/> or <see cref="ErrorCode.TrackerDatabaseBusy"/>.</exception>
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
            catch (Exception e) when (FaultOf(e) == WriteFault.TimedOut)
            {
                throw OnTimedOut(e);
            }
            catch (Exception e) when (FaultOf(e) == WriteFault.Unavailable)
            {
                // Pooled connections do not know that the server was restarted.
                if (again)
                {
                    throw OnUnavailable("The tracker's database does not answer at the moment. Try again in a few seconds.", e);
                }

                CloseIdle();
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

    /// <summary>The time of the database's machine; null if that is this one.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.TrackerDatabaseUnavailable"/>.</exception>
    public virtual Task<DateTimeOffset?> ReadTimeAsync(CancellationToken cancellationToken) => Task.FromResult<DateTimeOffset?>(null);

    /// <summary>Writes. What it reads of what its locks name stays true until the commit, whichever instance writes.</summary>
    /// <inheritdoc cref="WriteQueue{TConnection}.RunAsync"/>
    public Task<T> WriteAsync<T>(IReadOnlyCollection<WriteLock> locks, Func<DbConnection, Task<T>> write, CancellationToken cancellationToken, int weight = 1) =>
        _writes.RunAsync(write, locks, isPresence: false, cancellationToken, weight);

    /// <inheritdoc cref="WriteAsync{T}(IReadOnlyCollection{WriteLock}, Func{DbConnection, Task{T}}, CancellationToken, int)"/>
    public Task WriteAsync(IReadOnlyCollection<WriteLock> locks, Func<DbConnection, Task> write, CancellationToken cancellationToken) => WriteAsync(
        locks,
        async connection =>
        {
            await write(connection);
            return true;
        },
        cancellationToken);

    /// <summary>Writes what relies on nothing but the rows that each statement changes.</summary>
    /// <inheritdoc cref="WriteQueue{TConnection}.RunAsync"/>
    public Task<T> WriteAsync<T>(Func<DbConnection, Task<T>> write, CancellationToken cancellationToken) => WriteAsync([], write, cancellationToken);

    /// <inheritdoc cref="WriteAsync{T}(Func{DbConnection, Task{T}}, CancellationToken)"/>
    public Task WriteAsync(Func<DbConnection, Task> write, CancellationToken cancellationToken) => WriteAsync([], write, cancellationToken);

    /// <summary>
    /// Writes peers and what they hold, which announces write again within an interval: a commit does not wait for the disk, and a crash of the machine may
    /// lose it. Others may end what it has read, such as a membership, before it commits.
    /// </summary>
    /// <inheritdoc cref="WriteQueue{TConnection}.RunAsync"/>
    public Task<T> WritePresenceAsync<T>(Func<DbConnection, Task<T>> write, CancellationToken cancellationToken) =>
        _writes.RunAsync(write, [], isPresence: true, cancellationToken);

    /// <summary>
    /// Sends messages to all instances that are connected now, this one included. Nothing is stored: an instance that is not connected misses
    /// them. With SQLite there is one instance, this process.
    /// </summary>
    /// <param name="messages">Each at most <see cref="MaxMessageSize"/> bytes of UTF-8.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.TrackerDatabaseUnavailable"/>.</exception>
    public abstract Task PublishAsync(IReadOnlyList<string> messages);

    public async ValueTask DisposeAsync()
    {
        await _writes.DisposeAsync();
        await CloseAsync();
    }

    /// <summary>A connection that stays with the writer until it is lost.</summary>
    internal abstract Task<DbConnection> OpenWriterAsync();

    /// <summary>To be called in front of each writing transaction.</summary>
    /// <param name="connection">The writing connection.</param>
    /// <param name="isPresence">Whether what it writes need not be durable.</param>
    internal virtual Task PrepareAsync(DbConnection connection, bool isPresence) => Task.CompletedTask;

    /// <summary>To be called first in each writing transaction; the locks last as long as it does.</summary>
    internal abstract Task LockAsync(DbConnection connection, IReadOnlyCollection<WriteLock> locks, bool isPresence);

    /// <summary>Begins the transaction of a migration, under the lock of all writers. Waits for it without a time-out, until it is cancelled.</summary>
    internal abstract Task<DbTransaction> BeginMigrationAsync(DbConnection connection, CancellationToken cancellationToken);

    /// <summary>To be called last in the transaction of the migrations.</summary>
    internal virtual Task CompleteMigrationAsync(DbConnection connection) => Task.CompletedTask;

    /// <summary>Gives the statements that follow in one write a time-out of their own; null: the usual one again. SQLite has none.</summary>
    internal virtual Task SetTimeoutAsync(DbConnection connection, TimeSpan? timeout) => Task.CompletedTask;

    /// <summary>Makes the database's log short again, if it has grown and the database does not do so by itself.</summary>
    internal virtual Task TrimLogAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Whether a savepoint is released after its write, or only hidden by the next one of that name, until the commit.</summary>
    internal abstract bool ReleasesSavepoints { get; }

    /// <summary>A migration's SQL in the database's own dialect.</summary>
    internal abstract string Translate(string migration);

    /// <inheritdoc cref="IWriteTarget{TConnection}.FaultOf"/>
    internal abstract WriteFault FaultOf(Exception e);

    internal P2PShareException OnUnavailable(string message, Exception e)
    {
        if (Interlocked.Exchange(ref _isUnavailable, 1) == 0)
        {
            Lost?.Invoke(e);
        }

        return new P2PShareException(ErrorCode.TrackerDatabaseUnavailable, message, e);
    }

    internal P2PShareException OnFull(Exception e)
    {
        if (Interlocked.Exchange(ref _isFull, 1) == 0)
        {
            Filled?.Invoke(e);
        }

        return new P2PShareException(
            ErrorCode.TrackerStorageFull, "The tracker's disk is full, and nothing was changed. Tell its operator; try again when there is room.", e);
    }

    internal P2PShareException OnTimedOut(Exception e)
    {
        TimedOut?.Invoke(e);
        return new P2PShareException(
            ErrorCode.TrackerDatabaseBusy, "The tracker's database took longer than its time-out, and nothing was changed. Try again in a few seconds.", e);
    }

    /// <inheritdoc cref="IWriteTarget{TConnection}.OnConflict"/>
    internal virtual Exception OnConflict(Exception e)
    {
        Conflicted?.Invoke(e);
        return new P2PShareException(
            ErrorCode.TrackerDatabaseBusy, "The change lost against others at the tracker's database each time, and nothing was changed. Try again in a few seconds.", e);
    }

    /// <summary>Whether an exception of a write is one of <see cref="OnConflict"/>.</summary>
    internal bool IsConflict(Exception e) => FaultOf(e is P2PShareException { InnerException: { } inner } ? inner : e) == WriteFault.Conflict;

    internal void OnFailed() => Interlocked.Increment(ref _batchesFailed);

    internal void OnCommitted(int writes, bool isPresence, TimeSpan duration)
    {
        Committed?.Invoke(writes, duration);
        OnRoom();
        if (!isPresence)
        {
            OnWritten();
            TellOthers();
        }
    }

    /// <summary>Tells other instances of a commit.</summary>
    protected virtual void TellOthers()
    {
    }

    protected void OnWritten()
    {
        OnRoom();
        Written?.Invoke();
    }

    protected void OnMessage(string message) => MessageReceived?.Invoke(message);

    protected abstract Task<DbConnection> OpenReaderAsync(CancellationToken cancellationToken);

    /// <summary>Closes pooled connections: one of them turned out to be lost, and the others may be.</summary>
    internal virtual void CloseIdle()
    {
    }

    protected abstract ValueTask<DbTransaction> BeginSnapshotAsync(DbConnection connection);

    protected abstract ValueTask CloseAsync();

    private void OnRoom()
    {
        OnAnswered();
        if (Volatile.Read(ref _isFull) == 1 && Interlocked.Exchange(ref _isFull, 0) == 1)
        {
            Freed?.Invoke();
        }
    }

    private void OnAnswered()
    {
        if (Volatile.Read(ref _isUnavailable) == 1 && Interlocked.Exchange(ref _isUnavailable, 0) == 1)
        {
            Recovered?.Invoke();
        }
    }
}
