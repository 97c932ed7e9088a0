namespace P2PShare.TrackerHost.Storage;

/// <summary>What a <see cref="WriteQueue{TConnection}"/> commits to: a database, or a list in a unit test.</summary>
internal interface IWriteTarget<TConnection>
{
    /// <summary>Begins a transaction on the writing connection, which is opened when there is none.</summary>
    /// <param name="locks">What the writes of the transaction lock until its end, in the order in which all instances take them.</param>
    /// <param name="isPresence">Whether it need not be durable.</param>
    Task<IWriteTransaction<TConnection>> BeginAsync(IReadOnlyCollection<WriteLock> locks, bool isPresence);

    /// <summary>Closes the writing connection.</summary>
    ValueTask CloseAsync();

    /// <summary>What an exception says about the batch in which it was thrown.</summary>
    WriteFault FaultOf(Exception e);

    /// <summary>Notes that the target is unavailable.</summary>
    /// <returns>What the callers of the batch receive.</returns>
    Exception OnUnavailable(string message, Exception e);

    /// <summary>Notes that the target has no room.</summary>
    /// <inheritdoc cref="OnUnavailable" path="/returns"/>
    Exception OnFull(Exception e);

    /// <summary>Notes that a statement took longer than its time-out.</summary>
    /// <returns>What the caller of the write receives, or all of the batch if it was the batch's own statement.</returns>
    Exception OnTimedOut(Exception e);

    /// <summary>Notes that a write lost against others each time.</summary>
    /// <returns>What the caller of the write receives.</returns>
    Exception OnConflict(Exception e);

    /// <summary>Notes that a batch was not committed, whatever the cause, before its callers receive it.</summary>
    void OnFailed();

    /// <summary>Notes a commit, before its callers receive their results.</summary>
    void OnCommitted(int writes, bool isPresence, TimeSpan duration);
}
