using System.Threading.Channels;
using P2PShare.Protocol;

namespace P2PShare.TrackerHost.Storage;

/// <summary>
/// Group commit: one writer takes all writes that wait and commits them in one transaction, so that a hundred of them
/// cost one flush to disk. Each runs in a savepoint of its own, so that a write that fails does not undo the others, and each
/// is acknowledged only after the commit. A batch that was lost before its commit, or lost against one of another
/// instance, is tried again as a whole; one that keeps losing is halved, until the write that loses is alone. When the outcome of a commit is unknown, its callers
/// receive an error that says so.
/// </summary>
internal sealed class WriteQueue<TConnection> : IAsyncDisposable
{
    /// <summary>Writes that can wait; further callers wait for room.</summary>
    public const int MaxWaiting = 4096;

    /// <summary>Most writes of one batch, and what a batch weighs that takes no further one.</summary>
    public const int MaxBatch = 256;

    /// <summary>A batch that has so many locks takes no further write: the server has room for some thousand, of all instances.</summary>
    public const int MaxLocks = 128;

    /// <summary>Tries of a write that loses against others; each pause can be longer than the one before.</summary>
    public const int MaxAttempts = 10;

    /// <summary>The same of writes together, which are halved then.</summary>
    public const int MaxAttemptsTogether = 4;

    /// <summary>Tries of a batch whose connection is lost: the first connection may have been lost long ago while the database runs.</summary>
    public const int MaxConnections = 2;

    /// <summary>A batch that has lost for so long is not halved further, and what is left of it is tried once: a deadlock alone takes the server a second to see.</summary>
    public static readonly TimeSpan MaxConflictTime = TimeSpan.FromSeconds(15);

    private const string Unchanged = "The tracker's database does not answer at the moment, and nothing was changed. Try again in a few seconds.";

    private const string Unknown =
        "The connection to the tracker's database was lost during a commit, so it is not known whether the change was made. Check, and try again if it was not.";

    private static readonly TimeSpan PauseStep = TimeSpan.FromMilliseconds(5);

    private readonly Channel<Write> _waiting = Channel.CreateBounded<Write>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private readonly IWriteTarget<TConnection> _target;
    private readonly TimeProvider _clock;
    private readonly Task _writer;

    public WriteQueue(IWriteTarget<TConnection> target, TimeProvider clock)
    {
        _target = target;
        _clock = clock;
        _writer = Task.Run(WriteAllAsync);
    }

    /// <summary>Writes that wait for the batch after the running one.</summary>
    public int Waiting => _waiting.Reader.Count;

    /// <summary>
    /// Runs <paramref name="work"/> on the writing connection; what it throws undoes what it did and is thrown here. It may
    /// run several times, of which only the last one counts.
    /// </summary>
    /// <param name="locks">What it locks until its commit.</param>
    /// <param name="isPresence">Whether it need not be durable; it is if a write of the same batch has to be.</param>
    /// <param name="cancellationToken">Counts until the write begins.</param>
    /// <param name="weight">As many small writes it takes the time of.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.TrackerDatabaseUnavailable"/>, <see cref="ErrorCode.TrackerDatabaseBusy"/> or <see cref="ErrorCode.TrackerStorageFull"/>.</exception>
    public async Task<T> RunAsync<T>(
        Func<TConnection, Task<T>> work, IReadOnlyCollection<WriteLock> locks, bool isPresence, CancellationToken cancellationToken, int weight = 1)
    {
        var write = new Write<T>(work, locks, isPresence, weight, cancellationToken);
        await _waiting.Writer.WriteAsync(write, cancellationToken);
        return await write.Completion;
    }

    /// <summary>Commits what waits, then closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _writer;
        await _target.CloseAsync();
    }

    private async Task WriteAllAsync()
    {
        while (await _waiting.Reader.WaitToReadAsync())
        {
            var batch = new List<Write>();
            var locks = new HashSet<WriteLock>();
            for (var weight = 0; weight < MaxBatch && locks.Count < MaxLocks && _waiting.Reader.TryRead(out var write); weight += write.Weight)
            {
                batch.Add(write);
                locks.UnionWith(write.Locks);
            }

            await WriteAsync(batch);
        }
    }

    /// <summary>Commits the writes of a batch together, or, if they keep losing, each half of them by itself, in their order.</summary>
    private async Task WriteAsync(List<Write> batch)
    {
        var begun = _clock.GetTimestamp();
        var parts = new Stack<List<Write>>([batch]);
        while (parts.TryPop(out var part))
        {
            var partBegun = _clock.GetTimestamp();
            var isPresence = part.TrueForAll(write => write.IsPresence);
            var failure = await TryCommitBatchAsync(part, isPresence, begun);
            if (failure is null)
            {
                _target.OnCommitted(part.Count, isPresence, _clock.GetElapsedTime(partBegun));
                part.ForEach(write => write.Acknowledge());
                continue;
            }

            var isConflict = _target.FaultOf(failure) == WriteFault.Conflict;
            if (isConflict && part.Count > 1 && !IsLate(begun))
            {
                parts.Push(part[(part.Count / 2)..]);
                parts.Push(part[..(part.Count / 2)]);
                continue;
            }

            if (isConflict)
            {
                failure = _target.OnConflict(failure);
            }
            else
            {
                List<Write> behind = [.. parts.SelectMany(other => other)];
                parts.Clear();
                // Those that wait behind an unavailable database do not wait for its time-outs once more. They are taken before the
                // batch fails: a caller of the batch may add a write as soon as its own has failed, and that one is tried.
                while (failure is P2PShareException && _waiting.Reader.TryRead(out var write))
                {
                    behind.Add(write);
                }

                // They were not in the commit whose outcome is unknown.
                var reason = failure is P2PShareException { Message: Unknown } ? _target.OnUnavailable(Unchanged, failure) : failure;
                behind.ForEach(write => write.Fail(reason));
            }

            _target.OnFailed();
            part.ForEach(write => write.Fail(failure));
        }
    }

    private bool IsLate(long begun) => _clock.GetElapsedTime(begun) >= MaxConflictTime;

    /// <param name="begun">When the whole batch began.</param>
    /// <returns>Null after the commit; else why there was none.</returns>
    private async Task<Exception?> TryCommitBatchAsync(List<Write> batch, bool isPresence, long begun)
    {
        // Every instance takes its locks in the same order, so that none waits for one that waits for it.
        var locks = new SortedSet<WriteLock>(batch.SelectMany(write => write.Locks), Comparer<WriteLock>.Create((one, other) => one.Key.CompareTo(other.Key)));
        var attempts = batch.Count > 1 ? MaxAttemptsTogether : MaxAttempts;
        var connections = 1;
        for (var attempt = 1; ; attempt++)
        {
            var committing = false;
            try
            {
                await using var transaction = await _target.BeginAsync(locks, isPresence);
                foreach (var write in batch)
                {
                    await transaction.SaveAsync();
                    if (!await write.TryRunAsync(transaction.Connection, _target))
                    {
                        await transaction.UndoAsync();
                    }

                    await transaction.ReleaseAsync();
                }

                committing = true;
                await transaction.CommitAsync();
                return null;
            }
            catch (Exception e) when (_target.FaultOf(e) == WriteFault.Unavailable)
            {
                await _target.CloseAsync();
                if (committing)
                {
                    return _target.OnUnavailable(Unknown, e);
                }

                if (connections++ == MaxConnections)
                {
                    return _target.OnUnavailable(Unchanged, e);
                }
            }
            catch (Exception e) when (_target.FaultOf(e) == WriteFault.Conflict && attempt < attempts && !IsLate(begun))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(1) + PauseStep * (attempt * Random.Shared.NextDouble()), _clock);
            }
            catch (Exception e) when (_target.FaultOf(e) == WriteFault.Full)
            {
                return _target.OnFull(e);
            }
            catch (Exception e) when (_target.FaultOf(e) == WriteFault.TimedOut)
            {
                return _target.OnTimedOut(e);
            }
            catch (Exception e)
            {
                // Nothing was committed: no caller may hear otherwise.
                return e;
            }
        }
    }

    private abstract class Write(IReadOnlyCollection<WriteLock> locks, bool isPresence, int weight)
    {
        public int Weight => weight;

        public IReadOnlyCollection<WriteLock> Locks => locks;

        public bool IsPresence => isPresence;

        public abstract Task<bool> TryRunAsync(TConnection connection, IWriteTarget<TConnection> target);

        public abstract void Acknowledge();

        public abstract void Fail(Exception reason);
    }

    private sealed class Write<T>(Func<TConnection, Task<T>> work, IReadOnlyCollection<WriteLock> locks, bool isPresence, int weight, CancellationToken cancellationToken)
        : Write(locks, isPresence, weight)
    {
        private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T _result = default!;
        private Exception? _failure;

        public Task<T> Completion => _completion.Task;

        public override async Task<bool> TryRunAsync(TConnection connection, IWriteTarget<TConnection> target)
        {
            _failure = null;
            try
            {
                cancellationToken.ThrowIfCancellationRequested();
                _result = await work(connection);
            }
            // All others are faults of the whole batch.
            catch (Exception e) when (target.FaultOf(e) is WriteFault.OneWrite or WriteFault.TimedOut)
            {
                _failure = target.FaultOf(e) == WriteFault.TimedOut ? target.OnTimedOut(e) : e;
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
