using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace P2PShare.TrackerHost.Storage;

/// <summary>
/// Keeps the statements that ran on it prepared: SQLite takes longer to parse one than to run it, and the tracker
/// has few of them. The connection and its commands serve one caller at a time.
/// </summary>
/// <param name="keep">Called when a caller is done with it: whether it is kept for the next one. Null: it closes.</param>
internal sealed class PreparedSqliteConnection(string connectionString, Func<PreparedSqliteConnection, bool>? keep = null) : SqliteConnection(connectionString)
{
    // Far more than there are: a bound, should a text ever vary.
    private const int MaxStatements = 500;

    private readonly Dictionary<string, SqliteCommand> _idle = new(StringComparer.Ordinal);

    public override ValueTask DisposeAsync() => keep?.Invoke(this) == true ? ValueTask.CompletedTask : base.DisposeAsync();

    /// <summary>A command of that text, without parameters, to be returned.</summary>
    public SqliteCommand Take(string text)
    {
        if (!_idle.Remove(text, out var command))
        {
            command = CreateCommand();
            command.CommandText = text;
        }

        command.Transaction = Transaction;
        return command;
    }

    public void Return(SqliteCommand command)
    {
        command.Parameters.Clear();
        if (_idle.Count >= MaxStatements || !_idle.TryAdd(command.CommandText, command))
        {
            command.Dispose();
        }
    }

    protected override DbCommand CreateDbCommand() => new PreparedSqliteCommand(this);
}
