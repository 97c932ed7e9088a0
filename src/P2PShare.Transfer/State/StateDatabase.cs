using Dapper;
using Microsoft.Data.Sqlite;

namespace P2PShare.Transfer.State;

/// <summary>The SQLite file of a state folder; several shells may use it at once.</summary>
internal sealed class StateDatabase(string path)
{
    // One entry a version: an entry is never changed once released, a new one is added behind it.
    private static readonly string[] Migrations =
    [
        """
        CREATE TABLE contents (
            path TEXT NOT NULL PRIMARY KEY,
            size INTEGER NOT NULL,
            modified INTEGER NOT NULL,
            piece_length INTEGER NOT NULL,
            pieces_root BLOB NULL,
            piece_layer BLOB NOT NULL
        );
        CREATE TABLE shares (
            tracker_id TEXT NOT NULL,
            user_name TEXT NOT NULL,
            group_name TEXT NOT NULL,
            file_name TEXT NOT NULL,
            path TEXT NOT NULL REFERENCES contents (path),
            received INTEGER NOT NULL,
            PRIMARY KEY (tracker_id, user_name, group_name, file_name)
        );
        CREATE INDEX shares_by_path ON shares (path);
        CREATE TABLE downloads (
            id TEXT NOT NULL PRIMARY KEY,
            tracker_id TEXT NOT NULL,
            user_name TEXT NOT NULL,
            group_name TEXT NOT NULL,
            file_name TEXT NOT NULL,
            size INTEGER NOT NULL,
            piece_length INTEGER NOT NULL,
            pieces_root BLOB NULL,
            destination TEXT NOT NULL,
            overwrite INTEGER NOT NULL,
            state TEXT NOT NULL,
            error_code TEXT NULL,
            error_message TEXT NULL,
            bytes_verified INTEGER NOT NULL,
            created INTEGER NOT NULL
        );
        """,
    ];

    private readonly string _connectionString = new SqliteConnectionStringBuilder
    {
        DataSource = path,
        ForeignKeys = true,
        DefaultTimeout = 30,
    }.ToString();

    public SqliteConnection Open()
    {
        var connection = new SqliteConnection(_connectionString);
        connection.Open();
        return connection;
    }

    public void Migrate()
    {
        using var connection = Open();
        connection.Execute("PRAGMA journal_mode = WAL");
        using var transaction = connection.BeginTransaction(deferred: false);
        var version = connection.ExecuteScalar<int>("PRAGMA user_version", transaction: transaction);
        for (; version < Migrations.Length; version++)
        {
            connection.Execute(Migrations[version], transaction: transaction);
            connection.Execute($"PRAGMA user_version = {version + 1}", transaction: transaction);
        }

        transaction.Commit();
    }
}
