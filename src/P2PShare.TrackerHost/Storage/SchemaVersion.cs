using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;
using Npgsql;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Storage;

/// <summary>Checks a database without opening it as a tracker does, and leaves it as it is.</summary>
internal static class SchemaVersion
{
    /// <summary>Why a tracker could not work with its database; null if it could.</summary>
    public static async Task<string?> FindProblemAsync(StorageOptions options)
    {
        try
        {
            return options.Database == DatabaseKind.Postgres
                ? await FindPostgresProblemAsync(options.ConnectionString)
                : await FindSqliteProblemAsync(options.DataPath);
        }
        catch (P2PShareException e)
        {
            return e.Message;
        }
    }

    private static async Task<string?> FindPostgresProblemAsync(string? connectionString)
    {
        var settings = PostgresDatabase.Read(connectionString);
        try
        {
            await PostgresSession.RequireOwnAsync(settings, CancellationToken.None);
            await using var source = PostgresSession.CreateSource(settings);
            await using var connection = await source.OpenConnectionAsync();
            if (await connection.ExecuteScalarAsync<bool>("SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean"))
            {
                return $"The tracker's database '{settings.Database}' on '{settings.Host}' can only be read: ConnectionStrings:Tracker has to name the primary server.";
            }

            var version = await ReadAsync(connection, await connection.ExecuteScalarAsync<bool>("SELECT to_regclass('schema_version') IS NOT NULL"));
            return version < Migrations.Latest && !await connection.ExecuteScalarAsync<bool>("SELECT has_schema_privilege(current_schema(), 'CREATE')")
                ? $"The user '{settings.Username}' cannot create tables in the database '{settings.Database}', which has schema version {version} while {Migrations.Latest} is needed: make it the database's owner."
                : FindProblem(version);
        }
        catch (Exception e) when (e is DbException or TimeoutException)
        {
            throw PostgresDatabase.Unusable(settings, e);
        }
    }

    private static async Task<string?> FindSqliteProblemAsync(string dataPath)
    {
        var path = Path.Combine(dataPath, SqliteDatabase.FileName);
        if (!File.Exists(path) || new FileInfo(path).Length == 0)
        {
            return null;
        }

        try
        {
            // Otherwise even a reader creates the files of write-ahead mode, which exist only while a tracker runs.
            var source = File.Exists(path + "-wal") ? path : new Uri(path).AbsoluteUri + "?immutable=1";
            await using var connection = new SqliteConnection(
                new SqliteConnectionStringBuilder { DataSource = source, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
            await connection.OpenAsync();
            return FindProblem(await ReadAsync(
                connection, await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM sqlite_master WHERE name = 'schema_version'") == 1));
        }
        catch (SqliteException e)
        {
            return $"The tracker's database '{path}' cannot be read: {e.Message.TrimEnd('.')}. Restore it from a backup.";
        }
    }

    private static async Task<long> ReadAsync(DbConnection connection, bool exists) =>
        exists ? await connection.ExecuteScalarAsync<long>("SELECT COALESCE(MAX(version), 0) FROM schema_version") : 0;

    private static string? FindProblem(long version) => version > Migrations.Latest ? Migrations.TooNew(version) : null;
}
