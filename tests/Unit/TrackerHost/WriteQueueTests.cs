using P2PShare.Protocol;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Unit.TrackerHost;

/// <summary>The queue of writes on a list of numbers: what it commits together, and what its callers receive.</summary>
public sealed class WriteQueueTests : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly PauseClock _clock = new();
    private readonly Target _target = new();
    private readonly WriteQueue<List<int>> _queue;

    public WriteQueueTests() => _queue = new WriteQueue<List<int>>(_target, _clock);

    public ValueTask DisposeAsync() => _queue.DisposeAsync();

    [Fact]
    public async Task Writes_that_wait_are_committed_together_in_their_order()
    {
        var hold = Hold();
        var writes = Enumerable.Range(1, 10).Select(number => AddAsync(number)).ToArray();
        Assert.Equal(10, _queue.Waiting);
        hold.SetResult();

        Assert.Equal(Enumerable.Range(1, 10), await Task.WhenAll(writes));
        Assert.Equal([0, .. Enumerable.Range(1, 10)], _target.Committed);
        Assert.Equal([1, 10], _target.Batches);
    }

    [Fact]
    public async Task A_batch_has_a_bound()
    {
        var hold = Hold();
        var writes = Enumerable.Range(1, WriteQueue<List<int>>.MaxBatch + 1).Select(number => AddAsync(number)).ToArray();
        hold.SetResult();

        await Task.WhenAll(writes);
        Assert.Equal([1, WriteQueue<List<int>>.MaxBatch, 1], _target.Batches);
    }

    [Fact]
    public async Task A_write_that_fails_is_undone_alone()
    {
        var hold = Hold();
        var before = AddAsync(1);
        var failing = _queue.RunAsync<int>(
            numbers =>
            {
                numbers.Add(2);
                throw new InvalidOperationException("no");
            },
            [],
            isPresence: false,
            CancellationToken.None);
        var after = AddAsync(3);
        hold.SetResult();

        Assert.Equal("no", (await Assert.ThrowsAsync<InvalidOperationException>(() => failing)).Message);
        Assert.Equal((1, 3), (await before, await after));
        Assert.Equal([0, 1, 3], _target.Committed);
    }

    [Fact]
    public async Task No_write_is_acknowledged_before_its_commit()
    {
        var commit = new TaskCompletionSource();
        _target.OnCommit = () => commit.Task;
        var write = AddAsync(1);
        await _target.Committing.Task.WaitAsync(Deadline);

        Assert.False(write.IsCompleted);
        commit.SetResult();
        Assert.Equal(1, await write);
    }

    [Fact]
    public async Task A_failed_commit_fails_the_whole_batch()
    {
        _target.OnCommit = () => throw new InvalidOperationException("the transaction is gone");
        var hold = Hold();
        var writes = new[] { AddAsync(1), AddAsync(2) };
        hold.SetResult();

        foreach (var write in writes)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => write);
        }

        Assert.Empty(_target.Committed);
    }

    [Fact]
    public async Task A_canceled_write_that_waits_is_not_made()
    {
        using var cancel = new CancellationTokenSource();
        var hold = Hold();
        var write = AddAsync(1, cancellationToken: cancel.Token);
        await cancel.CancelAsync();
        hold.SetResult();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
        await AddAsync(2);
        Assert.Equal([0, 2], _target.Committed);
    }

    [Fact]
    public async Task A_batch_is_of_presence_only_if_each_of_its_writes_is()
    {
        var hold = Hold();
        var writes = new[] { AddAsync(1, isPresence: true), AddAsync(2, isPresence: false) };
        hold.SetResult();
        await Task.WhenAll(writes);
        await AddAsync(3, isPresence: true);

        Assert.Equal([false, false, true], _target.Presence);
    }

    [Fact]
    public async Task A_batch_has_the_locks_of_its_writes_each_once_and_in_one_order()
    {
        var hold = Hold();
        WriteLock[] locks = [WriteLock.Group("one"), WriteLock.User("bob"), WriteLock.Group("two"), WriteLock.User("alice")];
        var writes = new[] { AddLockedAsync(locks[..2]), AddLockedAsync(locks[1..]), AddLockedAsync([WriteLock.Group("ONE")]) };
        hold.SetResult();
        await Task.WhenAll(writes);

        Assert.Equal(locks.OrderBy(one => one.Key), _target.Locks[^1]);
    }

    [Fact]
    public async Task A_batch_with_many_locks_takes_no_further_write()
    {
        const int Most = WriteQueue<List<int>>.MaxLocks;
        var hold = Hold();
        var writes = Enumerable.Range(0, Most + 1).Select(i => AddLockedAsync([WriteLock.Group($"group{i}")])).ToArray();
        hold.SetResult();
        await Task.WhenAll(writes);

        Assert.Equal([1, Most, 1], _target.Batches);
    }

    [Fact]
    public async Task A_batch_that_loses_against_another_is_tried_again_after_a_pause()
    {
        var fail = 1;
        _target.OnCommit = () => fail-- > 0 ? throw new FaultException(WriteFault.Conflict) : Task.CompletedTask;
        var write = AddAsync(1);
        await EndsAsync(write);

        Assert.Equal(1, await write);
        Assert.Equal([1], _target.Committed);
        Assert.Equal(2, _target.Presence.Count);
    }

    [Fact]
    public async Task A_write_that_always_loses_is_answered_with_busy_after_a_bound()
    {
        _target.OnCommit = () => throw new FaultException(WriteFault.Conflict);
        var write = AddAsync(1);
        await EndsAsync(write);

        Assert.Equal(ErrorCode.TrackerDatabaseBusy, (await Assert.ThrowsAsync<P2PShareException>(() => write)).Code);
        Assert.Equal(WriteQueue<List<int>>.MaxAttempts, _target.Presence.Count);
        Assert.Equal((1, 1), (_target.Failed, _target.Conflicts));
    }

    [Fact]
    public async Task A_write_that_always_loses_fails_alone_and_the_others_of_its_batch_are_committed_in_their_order()
    {
        const int Loser = 77;
        // Not known before the commit: a serialisation failure may be any write's.
        _target.OnCommit = () => _target.Written.Contains(Loser) ? throw new FaultException(WriteFault.Conflict) : Task.CompletedTask;
        var hold = Hold();
        var writes = Enumerable.Range(1, WriteQueue<List<int>>.MaxBatch).Select(number => AddLockedAsync(number, WriteLock.Group($"group{number % 100}"))).ToArray();
        var behind = AddAsync(1000);
        hold.SetResult();
        await EndsAsync(Task.WhenAll([.. writes, behind]));

        Assert.Equal(ErrorCode.TrackerDatabaseBusy, (await Assert.ThrowsAsync<P2PShareException>(() => writes[Loser - 1])).Code);
        Assert.All(writes.Where((_, i) => i != Loser - 1), write => Assert.True(write.IsCompletedSuccessfully));
        Assert.Equal(1000, await behind);
        Assert.Equal([0, .. Enumerable.Range(1, WriteQueue<List<int>>.MaxBatch).Where(number => number != Loser), 1000], _target.Committed);
        Assert.Equal((1, 1), (_target.Failed, _target.Conflicts));
        // 256, 128, 64, … 2, four times each, and the write alone.
        Assert.Equal((8 * WriteQueue<List<int>>.MaxAttemptsTogether) + WriteQueue<List<int>>.MaxAttempts, _target.Lost);
        // A part has the locks of its own writes, in their order.
        Assert.All(_target.Locks, locks => Assert.Equal(locks.OrderBy(one => one.Key).Distinct(), locks));
        Assert.Contains(_target.Locks, locks => locks.Length == 64);
    }

    [Fact]
    public async Task A_batch_that_loses_for_too_long_is_halved_no_further_and_the_rest_is_tried_once()
    {
        var limit = WriteQueue<List<int>>.MaxConflictTime;
        var loses = true;
        _target.OnCommit = () =>
        {
            // The server needs a while to see a deadlock.
            _clock.Advance(limit / 6);
            return loses && _target.Written.Contains(1) ? throw new FaultException(WriteFault.Conflict) : Task.CompletedTask;
        };
        var hold = Hold();
        var writes = Enumerable.Range(1, 8).Select(number => AddAsync(number)).ToArray();
        hold.SetResult();
        await EndsAsync(Task.WhenAll(writes));

        // Whole four times, the first half twice, then it is late.
        Assert.InRange(_target.Lost, 2, 6);
        foreach (var write in writes[..4])
        {
            Assert.Equal(ErrorCode.TrackerDatabaseBusy, (await Assert.ThrowsAsync<P2PShareException>(() => write)).Code);
        }

        Assert.Equal(Enumerable.Range(5, 4), await Task.WhenAll(writes[4..]));
        loses = false;
        Assert.Equal(9, await AddAsync(9));
    }

    [Fact]
    public async Task When_the_database_is_lost_while_halves_are_tried_all_of_the_batch_fails()
    {
        _target.OnCommit = () => _target.Written is [0]
            ? Task.CompletedTask
            : throw new FaultException(_target.Written.Count > 2 ? WriteFault.Conflict : WriteFault.Unavailable);
        var hold = Hold();
        var writes = Enumerable.Range(1, 4).Select(number => AddAsync(number)).ToArray();
        hold.SetResult();
        await EndsAsync(Task.WhenAll(writes));

        foreach (var write in writes)
        {
            Assert.Equal(ErrorCode.TrackerDatabaseUnavailable, (await Assert.ThrowsAsync<P2PShareException>(() => write)).Code);
        }

        Assert.Equal((0, 1), (_target.Conflicts, _target.Failed));
        Assert.Equal([0], _target.Committed);
    }

    [Fact]
    public async Task A_batch_whose_connection_was_lost_before_its_commit_is_done_once_on_another()
    {
        var lost = 1;
        var runs = 0;
        var write = _queue.RunAsync(
            numbers =>
            {
                runs++;
                numbers.Add(1);
                return lost-- > 0 ? throw new FaultException(WriteFault.Unavailable) : Task.FromResult(1);
            },
            [],
            isPresence: false,
            CancellationToken.None);

        Assert.Equal(1, await write);
        Assert.Equal((2, 1, 0), (runs, _target.Closed, _target.Failed));
        Assert.Equal([1], _target.Committed);
    }

    [Fact]
    public async Task An_unknown_outcome_is_reported_and_not_tried_again()
    {
        _target.OnCommit = () => throw new FaultException(WriteFault.Unavailable);

        var refused = await Assert.ThrowsAsync<P2PShareException>(() => AddAsync(1));

        Assert.Equal(ErrorCode.TrackerDatabaseUnavailable, refused.Code);
        Assert.Contains("not known", refused.Message, StringComparison.Ordinal);
        Assert.Single(_target.Presence);
    }

    [Fact]
    public async Task Behind_an_unavailable_database_no_write_waits_for_its_time_outs_again()
    {
        var begin = new TaskCompletionSource();
        _target.OnBegin = async () =>
        {
            await begin.Task;
            throw new FaultException(WriteFault.Unavailable);
        };
        var first = AddAsync(1);
        await _target.Beginning.Task.WaitAsync(Deadline);
        var behind = AddAsync(2);
        begin.SetResult();

        foreach (var write in new[] { first, behind })
        {
            Assert.Contains("nothing was changed", (await Assert.ThrowsAsync<P2PShareException>(() => write)).Message, StringComparison.Ordinal);
        }

        Assert.Equal(WriteQueue<List<int>>.MaxConnections, _target.Begun);
    }

    [Fact]
    public async Task A_full_disk_fails_the_batch_and_the_next_write_is_tried()
    {
        _target.OnCommit = () => throw new FaultException(WriteFault.Full);
        Assert.Equal(ErrorCode.TrackerStorageFull, (await Assert.ThrowsAsync<P2PShareException>(() => AddAsync(1))).Code);

        _target.OnCommit = () => Task.CompletedTask;
        Assert.Equal(2, await AddAsync(2));
        Assert.Equal([2], _target.Committed);
    }

    [Fact]
    public async Task A_write_whose_statement_times_out_fails_alone_and_a_lock_that_times_out_fails_the_batch()
    {
        var hold = Hold();
        var slow = _queue.RunAsync<int>(_ => throw new FaultException(WriteFault.TimedOut), [], isPresence: false, CancellationToken.None);
        var other = AddAsync(1);
        hold.SetResult();

        Assert.Equal(ErrorCode.TrackerDatabaseBusy, (await Assert.ThrowsAsync<P2PShareException>(() => slow)).Code);
        Assert.Equal(1, await other);
        Assert.Equal([0, 1], _target.Committed);

        _target.OnBegin = () => throw new FaultException(WriteFault.TimedOut);
        Assert.Equal(ErrorCode.TrackerDatabaseBusy, (await Assert.ThrowsAsync<P2PShareException>(() => AddAsync(2))).Code);
        Assert.Equal(0, _target.Closed);
    }

    [Fact]
    public async Task A_write_after_a_failed_one_never_shares_its_failure()
    {
        // The first caller of a long batch writes again while the queue fails the others. It races with the queue, and wins some rounds.
        for (var round = 0; round < 100; round++)
        {
            _target.OnCommit = () => throw new FaultException(WriteFault.Full);
            var hold = Hold();
            var first = AddAsync(1);
            var others = Enumerable.Range(2, WriteQueue<List<int>>.MaxBatch - 1).Select(number => AddAsync(number)).ToList();
            var next = AddAgainAsync(first);
            hold.SetResult();

            Assert.Equal(1000, await next);
            foreach (var other in others)
            {
                await Assert.ThrowsAsync<P2PShareException>(() => other);
            }
        }

        async Task<int> AddAgainAsync(Task<int> failed)
        {
            await Assert.ThrowsAsync<P2PShareException>(() => failed);
            _target.OnCommit = () => Task.CompletedTask;
            return await AddAsync(1000);
        }
    }

    [Fact]
    public async Task Disposing_commits_what_waits()
    {
        var hold = Hold();
        var write = AddAsync(1);
        var disposing = _queue.DisposeAsync();
        hold.SetResult();
        await disposing;

        Assert.Equal(1, await write);
        Assert.Equal([0, 1], _target.Committed);
        Assert.Equal(1, _target.Closed);
    }

    /// <summary>Keeps the writer busy with a first write, the number 0, until it is let go.</summary>
    private TaskCompletionSource Hold()
    {
        var hold = new TaskCompletionSource();
        var running = new ManualResetEventSlim();
        _ = _queue.RunAsync(
            async numbers =>
            {
                running.Set();
                await hold.Task;
                numbers.Add(0);
                return 0;
            },
            [],
            isPresence: false,
            CancellationToken.None);
        Assert.True(running.Wait(Deadline));
        return hold;
    }

    private Task<int> AddAsync(int number, bool isPresence = false, CancellationToken cancellationToken = default) => _queue.RunAsync(
        numbers =>
        {
            numbers.Add(number);
            return Task.FromResult(number);
        },
        [],
        isPresence,
        cancellationToken);

    private Task<int> AddLockedAsync(int number, WriteLock one) => _queue.RunAsync(
        numbers =>
        {
            numbers.Add(number);
            return Task.FromResult(number);
        },
        [one],
        isPresence: false,
        CancellationToken.None);

    private Task<int> AddLockedAsync(WriteLock[] locks) => _queue.RunAsync(
        numbers =>
        {
            numbers.Add(1);
            return Task.FromResult(1);
        },
        locks,
        isPresence: false,
        CancellationToken.None);

    /// <summary>Waits until writes have ended, whatever became of them.</summary>
    private static async Task EndsAsync(Task writes) => await writes.WaitAsync(Deadline).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private sealed class FaultException(WriteFault fault) : Exception(fault.ToString())
    {
        public WriteFault Fault => fault;
    }

    /// <summary>A list that is committed to; a transaction works on a copy.</summary>
    private sealed class Target : IWriteTarget<List<int>>
    {
        public List<int> Committed { get; private set; } = [];

        public List<int> Batches { get; } = [];

        public List<bool> Presence { get; } = [];

        public List<WriteLock[]> Locks { get; } = [];

        public int Begun { get; private set; }

        public int Closed { get; private set; }

        public TaskCompletionSource Beginning { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Committing { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Func<Task> OnBegin { get; set; } = () => Task.CompletedTask;

        public Func<Task> OnCommit { get; set; } = () => Task.CompletedTask;

        public async Task<IWriteTransaction<List<int>>> BeginAsync(IReadOnlyCollection<WriteLock> locks, bool isPresence)
        {
            Begun++;
            Beginning.TrySetResult();
            await OnBegin();
            Presence.Add(isPresence);
            Locks.Add([.. locks]);
            return new Transaction(this);
        }

        public ValueTask CloseAsync()
        {
            Closed++;
            return ValueTask.CompletedTask;
        }

        public WriteFault FaultOf(Exception e) => (e as FaultException)?.Fault ?? WriteFault.OneWrite;

        public Exception OnUnavailable(string message, Exception e) => new P2PShareException(ErrorCode.TrackerDatabaseUnavailable, message, e);

        public Exception OnFull(Exception e) => new P2PShareException(ErrorCode.TrackerStorageFull, "full", e);

        public int Conflicts { get; private set; }

        /// <summary>Commits that lost.</summary>
        public int Lost { get; private set; }

        /// <summary>What the transaction that commits has written.</summary>
        public List<int> Written { get; private set; } = [];

        public Exception OnConflict(Exception e)
        {
            Conflicts++;
            return new P2PShareException(ErrorCode.TrackerDatabaseBusy, "lost", e);
        }

        public Exception OnTimedOut(Exception e) => new P2PShareException(ErrorCode.TrackerDatabaseBusy, "busy", e);

        public int Failed { get; private set; }

        public void OnFailed() => Failed++;

        public void OnCommitted(int writes, bool isPresence, TimeSpan duration) => Batches.Add(writes);

        private sealed class Transaction(Target target) : IWriteTransaction<List<int>>
        {
            private int _saved;

            public List<int> Connection { get; } = [.. target.Committed];

            public Task SaveAsync()
            {
                _saved = Connection.Count;
                return Task.CompletedTask;
            }

            public Task UndoAsync()
            {
                Connection.RemoveRange(_saved, Connection.Count - _saved);
                return Task.CompletedTask;
            }

            public Task ReleaseAsync() => Task.CompletedTask;

            public async Task CommitAsync()
            {
                target.Committing.TrySetResult();
                target.Written = Connection[target.Committed.Count..];
                try
                {
                    await target.OnCommit();
                }
                catch (FaultException e) when (e.Fault == WriteFault.Conflict)
                {
                    target.Lost++;
                    throw;
                }

                target.Committed = Connection;
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
