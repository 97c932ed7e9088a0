namespace P2PShare.TrackerHost.Storage;

/// <summary>A transaction of a <see cref="WriteQueue{TConnection}"/>; disposed without a commit, it leaves nothing.</summary>
internal interface IWriteTransaction<TConnection> : IAsyncDisposable
{
    TConnection Connection { get; }

    /// <summary>Sets a savepoint in front of one write.</summary>
    Task SaveAsync();

    /// <summary>Undoes what came after the savepoint.</summary>
    Task UndoAsync();

    /// <summary>Ends the savepoint.</summary>
    Task ReleaseAsync();

    Task CommitAsync();
}
