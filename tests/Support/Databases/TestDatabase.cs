using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Npgsql;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Support;

/// <summary>The database that a test's trackers use: one for each data folder.</summary>
internal static class TestDatabase
{
    private static readonly AsyncLocal<DatabaseKind> RunningOn = new();
    private static readonly Lazy<Task<PostgresServer>> Server = new(StartAsync);
    private static readonly ConcurrentDictionary<string, Lazy<Task>> Made = new();

    /// <summary>The database of the running test; SQLite by default.</summary>
    public static DatabaseKind Kind
    {
        get => RunningOn.Value;
        set => RunningOn.Value = value;
    }

    /// <summary>Makes a tracker use the running test's database. Trackers with one data folder share one.</summary>
    public static async Task ConfigureAsync(TestTrackerOptions options) =>
        (options.Database, options.ConnectionString) = (Kind, await ConnectionStringAsync(options.DataPath));

    /// <summary>The running test's database for a data folder.</summary>
    public static async Task<StorageOptions> StorageAsync(string dataPath) =>
        new() { Database = Kind, DataPath = dataPath, ConnectionString = await ConnectionStringAsync(dataPath) };

    /// <summary>Null on SQLite.</summary>
    public static async Task<string?> ConnectionStringAsync(string dataPath)
    {
        if (Kind == DatabaseKind.Sqlite)
        {
            return null;
        }

        var server = await Server.Value;
        var name = NameOf(dataPath);
        await Made.GetOrAdd(name, _ => new Lazy<Task>(() => server.ExecuteAsync($"CREATE DATABASE {name} TEMPLATE {PostgresServer.Template}"))).Value;
        return server.ConnectionString(name);
    }

    /// <summary>Makes an empty database for a data folder, on which no tracker has run.</summary>
    public static async Task MakeEmptyAsync(string dataPath)
    {
        if (Kind == DatabaseKind.Postgres)
        {
            var name = NameOf(dataPath);
            await Made.GetOrAdd(name, _ => new Lazy<Task>(async () => await (await Server.Value).ExecuteAsync($"CREATE DATABASE {name}"))).Value;
        }
    }

    /// <summary>Deletes the database of a data folder, if it has one.</summary>
    public static async Task DropAsync(string dataPath)
    {
        var name = NameOf(dataPath);
        if (Made.TryRemove(name, out _))
        {
            await (await Server.Value).ExecuteAsync($"DROP DATABASE {name} WITH (FORCE)");
        }
    }

    /// <summary>All that a tracker's database holds, as text.</summary>
    public static async Task<string> DumpAsync(string dataPath)
    {
        var text = new StringBuilder();
        if (await ConnectionStringAsync(dataPath) is { } connectionString)
        {
            await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
            foreach (var table in await connection.QueryAsync<string>("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
            {
                text.AppendJoin('\n', await connection.QueryAsync<string>($"SELECT t::text FROM {table} t"));
            }

            return text.ToString();
        }

        foreach (var file in Directory.GetFiles(dataPath, SqliteDatabase.FileName + "*"))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(stream, Encoding.Latin1);
            text.Append(await reader.ReadToEndAsync());
        }

        return text.ToString();
    }

    private static string NameOf(string dataPath) => "test_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(dataPath)))[..20];

    // Once for all tests, with a schema that is up to date, so that a tracker's database is a copy.
    private static async Task<PostgresServer> StartAsync()
    {
        var server = await PostgresServer.StartAsync();
        await server.ExecuteAsync($"CREATE DATABASE {PostgresServer.Template}");
        await (await PostgresDatabase.OpenAsync(server.ConnectionString(PostgresServer.Template), TimeProvider.System, _ => { }, CancellationToken.None)).DisposeAsync();
        return server;
    }
}
