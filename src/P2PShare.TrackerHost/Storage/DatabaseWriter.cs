using System.Data;
using System.Data.Common;

namespace P2PShare.TrackerHost.Storage;

/// <summary>The writing connection of a database, as <see cref="WriteQueue{TConnection}"/> uses it.</summary>
internal sealed class DatabaseWriter(TrackerDatabase database) : IWriteTarget<DbConnection>
{
    private DbConnection? _connection;

    public async Task<IWriteTransaction<DbConnection>> BeginAsync(IReadOnlyCollection<WriteLock> locks, bool isPresence)
    {
        if (_connection is { State: not ConnectionState.Open })
        {
            // Npgsql gives up a connection after some errors, such as that of a full disk.
            await CloseAsync();
        }

        var connection = _connection ??= await database.OpenWriterAsync();
        await database.PrepareAsync(connection, isPresence);
        var transaction = await connection.BeginTransactionAsync();
        try
        {
            await database.LockAsync(connection, locks, isPresence);
            return new Transaction(connection, transaction, database.ReleasesSavepoints);
        }
        catch
        {
            await transaction.DisposeAsync();
            throw;
        }
    }

    public async ValueTask CloseAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
            database.CloseIdle();
        }
    }

    public WriteFault FaultOf(Exception e) => database.FaultOf(e);

    public Exception OnUnavailable(string message, Exception e) => database.OnUnavailable(message, e);

    public Exception OnFull(Exception e) => database.OnFull(e);

    public Exception OnTimedOut(Exception e) => database.OnTimedOut(e);

    public Exception OnConflict(Exception e) => database.OnConflict(e);

    public void OnFailed() => database.OnFailed();

    public void OnCommitted(int writes, bool isPresence, TimeSpan duration) => database.OnCommitted(writes, isPresence, duration);

    private sealed class Transaction(DbConnection connection, DbTransaction transaction, bool releases) : IWriteTransaction<DbConnection>
    {
        private const string Savepoint = "one_write";

        public DbConnection Connection => connection;

        public Task SaveAsync() => transaction.SaveAsync(Savepoint);

        public Task UndoAsync() => transaction.RollbackAsync(Savepoint);

        public Task ReleaseAsync() => releases ? transaction.ReleaseAsync(Savepoint) : Task.CompletedTask;

        public Task CommitAsync() => transaction.CommitAsync();

        public ValueTask DisposeAsync() => transaction.DisposeAsync();
    }
}
