using System.Data.Common;
using System.Threading.Channels;

namespace P2PShare.TrackerHost.Storage;

/// <summary>
/// Group commit: one writer takes all writes that wait and commits them in one transaction, so that a hundred of them
/// cost one flush to disk. Each runs in a savepoint of its own, so that one that fails takes no other with it, and each
/// is acknowledged after the commit only.
/// </summary>
internal sealed class WriteQueue : IAsyncDisposable
{
    private const int MaxWaiting = 4096;
    private const int MaxBatch = 256;
    private const string Savepoint = "one_write";

    private readonly Channel<Write> _waiting = Channel.CreateBounded<Write>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private readonly DbConnection _connection;
    private readonly Action _committed;
    private readonly Task _writer;

    /// <param name="connection">Open; the queue owns it from here on.</param>
    /// <param name="committed">Called after each commit.</param>
    public WriteQueue(DbConnection connection, Action committed)
    {
        _connection = connection;
        _committed = committed;
        _writer = Task.Run(WriteAllAsync);
    }

    /// <summary>Runs <paramref name="work"/> on the writing connection; what it throws undoes what it did and is thrown here.</summary>
    /// <param name="cancellationToken">Counts until the write begins.</param>
    public async Task<T> RunAsync<T>(Func<DbConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        var write = new Write<T>(work, cancellationToken);
        await _waiting.Writer.WriteAsync(write, cancellationToken);
        return await write.Completion;
    }

    /// <summary>Commits what waits, then closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _writer;
        await _connection.DisposeAsync();
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

            await CommitAsync(batch);
            batch.Clear();
        }
    }

    private async Task CommitAsync(List<Write> batch)
    {
        try
        {
            await using var transaction = await _connection.BeginTransactionAsync();
            foreach (var write in batch)
            {
                await transaction.SaveAsync(Savepoint);
                if (!await write.TryRunAsync(_connection))
                {
                    await transaction.RollbackAsync(Savepoint);
                }

                await transaction.ReleaseAsync(Savepoint);
            }

            await transaction.CommitAsync();
        }
        catch (Exception e)
        {
            // Nothing was committed: nobody may be told otherwise.
            batch.ForEach(write => write.Fail(e));
            return;
        }

        _committed();
        batch.ForEach(write => write.Acknowledge());
    }

    private abstract class Write
    {
        public abstract Task<bool> TryRunAsync(DbConnection connection);

        public abstract void Acknowledge();

        public abstract void Fail(Exception reason);
    }

    private sealed class Write<T>(Func<DbConnection, Task<T>> work, CancellationToken cancellationToken) : Write
    {
        private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T _result = default!;
        private Exception? _failure;

        public Task<T> Completion => _completion.Task;

        public override async Task<bool> TryRunAsync(DbConnection connection)
        {
            try
            {
                cancellationToken.ThrowIfCancellationRequested();
                _result = await work(connection);
            }
            catch (Exception e)
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
                Fail(_failure);
            }
        }

        public override void Fail(Exception reason) => _completion.SetException(_failure ?? reason);
    }
}
