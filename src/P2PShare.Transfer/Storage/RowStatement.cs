using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using P2PShare.Protocol;
using SQLitePCL;

namespace P2PShare.Transfer.Storage;

/// <summary>
/// A statement that is prepared once and run for many rows. Its parameters are <c>?1</c>, <c>?2</c> and so on, in the order in which they are
/// bound: names would be looked up for every row. One caller at a time.
/// </summary>
internal sealed class RowStatement : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;
    private int _bound;

    /// <param name="connection">Open; it outlives the statement.</param>
    /// <exception cref="SqliteException">It cannot be prepared.</exception>
    public RowStatement(SqliteConnection connection, string sql)
    {
        _database = connection.Handle!;
        Check(raw.sqlite3_prepare_v2(_database, sql, out _statement));
    }

    public RowStatement Bind(string? value)
    {
        Check(raw.sqlite3_bind_text(_statement, ++_bound, value));
        return this;
    }

    public RowStatement Bind(long? value)
    {
        Check(value is { } number ? raw.sqlite3_bind_int64(_statement, ++_bound, number) : raw.sqlite3_bind_null(_statement, ++_bound));
        return this;
    }

    public RowStatement Bind(ReadOnlySpan<byte> value)
    {
        Check(raw.sqlite3_bind_blob(_statement, ++_bound, value));
        return this;
    }

    public RowStatement Bind(Hash256? value)
    {
        if (value is not { } hash)
        {
            return Bind((long?)null);
        }

        return Bind(MemoryMarshal.AsBytes(new ReadOnlySpan<Hash256>(in hash)));
    }

    /// <summary>Runs it with what was bound, which is forgotten.</summary>
    /// <exception cref="SqliteException">It failed.</exception>
    public void Run()
    {
        int code;
        do
        {
            code = raw.sqlite3_step(_statement);
        }
        while (code == raw.SQLITE_ROW);

        Reset();
        Check(code);
    }

    /// <summary>Runs it with what was bound, which is forgotten.</summary>
    /// <param name="read">Reads one row.</param>
    /// <returns>Of each row, what was read.</returns>
    /// <exception cref="SqliteException">It failed.</exception>
    public List<T> Query<T>(Func<StatementRow, T> read)
    {
        var found = new List<T>();
        int code;
        while ((code = raw.sqlite3_step(_statement)) == raw.SQLITE_ROW)
        {
            found.Add(read(new StatementRow(_statement)));
        }

        Reset();
        Check(code);
        return found;
    }

    public void Dispose() => _statement.Dispose();

    private void Reset()
    {
        // It reports the failure of the step again.
        _ = raw.sqlite3_reset(_statement);
        _bound = 0;
    }

    private void Check(int code)
    {
        if (code is not (raw.SQLITE_OK or raw.SQLITE_DONE))
        {
            SqliteException.ThrowExceptionForRC(code, _database);
        }
    }
}
