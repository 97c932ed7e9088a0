using Dapper;
using Microsoft.Data.Sqlite;

namespace P2PShare.Transfer.Storage;

/// <summary>One transaction of a state database, for the writes that are made in it. Disposed without a commit, it changes nothing. One caller at a time.</summary>
internal sealed class StateTransaction(SqliteConnection connection) : IDisposable
{
    private readonly SqliteTransaction _transaction = connection.BeginTransaction(deferred: false);
    private readonly Dictionary<string, RowStatement> _prepared = new(StringComparer.Ordinal);

    /// <summary>A statement that is prepared once for all writes of the transaction.</summary>
    /// <exception cref="SqliteException">It cannot be prepared.</exception>
    public RowStatement Prepare(string sql)
    {
        if (!_prepared.TryGetValue(sql, out var statement))
        {
            _prepared[sql] = statement = new RowStatement(connection, sql);
        }

        return statement;
    }

    /// <exception cref="SqliteException">It failed.</exception>
    public void Execute(string sql, object parameters) => connection.Execute(sql, parameters, _transaction);

    public void Commit()
    {
        DisposePrepared();
        _transaction.Commit();
    }

    public void Dispose()
    {
        DisposePrepared();
        _transaction.Dispose();
    }

    private void DisposePrepared()
    {
        foreach (var statement in _prepared.Values)
        {
            statement.Dispose();
        }

        _prepared.Clear();
    }
}
