using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Data.Sqlite;

namespace P2PShare.TrackerHost.Storage;

/// <summary>Takes the connection's prepared statement when its text is set, and returns it when it is disposed.</summary>
internal sealed class PreparedSqliteCommand(PreparedSqliteConnection connection) : DbCommand
{
    private SqliteCommand? _statement;

    [AllowNull]
    public override string CommandText
    {
        get => _statement?.CommandText ?? "";
        set
        {
            ReturnStatement();
            _statement = connection.Take(value ?? "");
        }
    }

    public override int CommandTimeout
    {
        get => Statement.CommandTimeout;
        set => Statement.CommandTimeout = value;
    }

    public override CommandType CommandType
    {
        get => Statement.CommandType;
        set => Statement.CommandType = value;
    }

    public override bool DesignTimeVisible { get; set; }

    public override UpdateRowSource UpdatedRowSource { get; set; }

    protected override DbConnection? DbConnection
    {
        get => connection;
        set => throw new NotSupportedException("A prepared statement belongs to its connection.");
    }

    protected override DbParameterCollection DbParameterCollection => Statement.Parameters;

    protected override DbTransaction? DbTransaction
    {
        get => Statement.Transaction;
        set => Statement.Transaction = (SqliteTransaction?)value;
    }

    private SqliteCommand Statement => _statement ?? throw new InvalidOperationException("The command has no text yet.");

    public override void Cancel() => Statement.Cancel();

    public override void Prepare() => Statement.Prepare();

    public override int ExecuteNonQuery() => Statement.ExecuteNonQuery();

    public override object? ExecuteScalar() => Statement.ExecuteScalar();

    protected override DbParameter CreateDbParameter() => Statement.CreateParameter();

    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) => Statement.ExecuteReader(behavior);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            ReturnStatement();
        }

        base.Dispose(disposing);
    }

    private void ReturnStatement()
    {
        if (_statement is { } statement)
        {
            _statement = null;
            connection.Return(statement);
        }
    }
}
