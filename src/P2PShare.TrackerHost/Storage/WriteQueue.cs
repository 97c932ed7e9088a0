using System.Data;
using System.Data.Common;
using System.Diagnostics;
using System.Threading.Channels;
using P2PShare.Protocol;

namespace P2PShare.TrackerHost.Storage;

/// <summary>
/// Group commit: one writer takes all writes that wait and commits them in one transaction, so that a hundred of them
/// cost one flush to disk. Each runs in a savepoint of its own, so that one that fails takes no other with it, and each
/// is acknowledged after the commit only. A batch that was lost before its commit, or lost against one of another
/// instance, is tried again as a whole; whoever was in one whose commit has an unknown end is told so.
/// </summary>
internal sealed class WriteQueue : IAsyncDisposable
{
    private const int MaxWaiting = 4096;
    private const int MaxBatch = 256;

    // Of a batch that loses against others; each pause is longer than the one before.
    private const int MaxAttempts = 10;
    private const int PauseMilliseconds = 5;

    // Of a batch whose connection was lost: it may have been lost long ago, and the database be there.
    private const int MaxConnections = 2;

    private const string Savepoint = "one_write";

    private readonly Channel<Write> _waiting = Channel.CreateBounded<Write>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private readonly TrackerDatabase _database;
    private readonly Task _writer;
    private DbConnection? _connection;

    public WriteQueue(TrackerDatabase database)
    {
        _database = database;
        _writer = Task.Run(WriteAllAsync);
    }

    /// <summary>Writes that wait for the batch after the running one.</summary>
    public int Waiting => _waiting.Reader.Count;

    /// <summary>
    /// Runs <paramref name="work"/> on the writing connection; what it throws undoes what it did and is thrown here. It may
    /// run several times, of which only the last one counts.
    /// </summary>
    /// <param name="isShared">Whether it may run beside others of its kind in other instances.</param>
    /// <param name="cancellationToken">Counts until the write begins.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.TrackerDatabaseUnavailable"/> or <see cref="ErrorCode.TrackerStorageFull"/>.</exception>
    public async Task<T> RunAsync<T>(Func<DbConnection, Task<T>> work, bool isShared, CancellationToken cancellationToken)
    {
        var write = new Write<T>(work, isShared, cancellationToken);
        await _waiting.Writer.WriteAsync(write, cancellationToken);
        return await write.Completion;
    }

    /// <summary>Commits what waits, then closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _writer;
        await CloseAsync();
    }

    private async Task WriteAllAsync()
    {
        var batch = new List<Write>(MaxBatch);
        while (await _waiting.Reader.WaitToReadAsync())
        {
            while (batch.Count < MaxBatch && _waiting.Reader.TryRead(out var write))
            {
                batch.Add(write);
            }

            var begun = Stopwatch.GetTimestamp();
            if (await FindFailureAsync(batch) is { } failure)
            {
                batch.ForEach(write => write.Fail(failure));
                // Behind a database that does not answer nobody waits for the time-outs of those before.
                while (failure is P2PShareException && _waiting.Reader.TryRead(out var write))
                {
                    write.Fail(failure);
                }
            }
            else
            {
                _database.Metrics?.AddBatch(batch.Count, Stopwatch.GetElapsedTime(begun));
                _database.OnWritten();
                batch.ForEach(write => write.Acknowledge());
            }

            batch.Clear();
        }
    }

    /// <summary>Commits a batch, and gives why it could not.</summary>
    private async Task<Exception?> FindFailureAsync(List<Write> batch)
    {
        var connections = 1;
        for (var attempt = 1; ; attempt++)
        {
            var committing = false;
            try
            {
                if (_connection is { State: not ConnectionState.Open })
                {
                    // Npgsql gives up a connection after some errors, such as that of a full disk.
                    await CloseAsync();
                }

                _connection ??= await _database.OpenWriterAsync();
                await using var transaction = await _connection.BeginTransactionAsync();
                await _database.LockAsync(_connection, batch.TrueForAll(write => write.IsShared));
                foreach (var write in batch)
                {
                    await transaction.SaveAsync(Savepoint);
                    if (!await write.TryRunAsync(_connection, _database))
                    {
                        await transaction.RollbackAsync(Savepoint);
                    }

                    if (_database.ReleasesSavepoints)
                    {
                        await transaction.ReleaseAsync(Savepoint);
                    }
                }

                committing = true;
                await transaction.CommitAsync();
                return null;
            }
            catch (Exception e) when (_database.IsAway(e))
            {
                await CloseAsync();
                if (committing)
                {
                    return _database.Away(
                        "The tracker's database was lost while it wrote, so whether the change was made is not known. Look, and try again where it was not.", e);
                }

                if (connections++ == MaxConnections)
                {
                    return _database.Away("The tracker's database does not answer at the moment, and nothing was changed. Try again in a few seconds.", e);
                }
            }
            catch (Exception e) when (_database.IsConflict(e) && attempt < MaxAttempts)
            {
                await Task.Delay(Random.Shared.Next(attempt * PauseMilliseconds) + 1);
            }
            catch (Exception e) when (_database.IsFull(e))
            {
                return _database.Full(e);
            }
            catch (Exception e)
            {
                // Nothing was committed: nobody may be told otherwise.
                return e;
            }
        }
    }

    private async ValueTask CloseAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }

    private abstract class Write(bool isShared)
    {
        public bool IsShared => isShared;

        public abstract Task<bool> TryRunAsync(DbConnection connection, TrackerDatabase database);

        public abstract void Acknowledge();

        public abstract void Fail(Exception reason);
    }

    private sealed class Write<T>(Func<DbConnection, Task<T>> work, bool isShared, CancellationToken cancellationToken) : Write(isShared)
    {
        private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T _result = default!;
        private Exception? _failure;

        public Task<T> Completion => _completion.Task;

        public override async Task<bool> TryRunAsync(DbConnection connection, TrackerDatabase database)
        {
            _failure = null;
            try
            {
                cancellationToken.ThrowIfCancellationRequested();
                _result = await work(connection);
            }
            // Those are faults of the whole batch.
            catch (Exception e) when (!database.IsAway(e) && !database.IsConflict(e) && !database.IsFull(e))
            {
                _failure = e;
            }

            return _failure is null;
        }

        public override void Acknowledge()
        {
            if (_failure is null)
            {
                _completion.SetResult(_result);
            }
            else
            {
                _completion.SetException(_failure);
            }
        }

        public override void Fail(Exception reason) => _completion.SetException(reason);
    }
}
