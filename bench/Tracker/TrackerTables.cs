using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace P2PShare.Bench.Tracker;

/// <summary>Rows in a stopped tracker's database, made faster than requests could.</summary>
internal sealed class TrackerTables : IAsyncDisposable
{
    private const int AtOnce = 50_000;

    private readonly DbConnection _connection;

    private TrackerTables(DbConnection connection) => _connection = connection;

    /// <param name="connectionString">Of PostgreSQL; null: the SQLite file in the folder.</param>
    public static async Task<TrackerTables> OpenAsync(string folder, string? connectionString, CancellationToken cancellationToken)
    {
        DbConnection connection = connectionString is null
            ? new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, "tracker.db"), Pooling = false }.ToString())
            : new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, CommandTimeout = 0 }.ToString());
        await connection.OpenAsync(cancellationToken);
        return new TrackerTables(connection);
    }

    /// <summary>Adds users and makes them members of the group of the bench.</summary>
    public Task AddMembersAsync(int count) => RunAsync(
        count,
        """
        INSERT INTO users (guid, name_key, name, password_hash, password_prepared, created)
        {0} SELECT 'member-' || n, 'member-' || n, 'member-' || n, '', 1, 1 FROM k
        """,
        "INSERT INTO members (group_id, user_id, joined) SELECT g.id, u.id, 1 FROM groups g CROSS JOIN users u WHERE g.name_key = 'bench' AND u.name_key LIKE 'member-%'");

    /// <summary>Adds files of a user to the group of the bench.</summary>
    public Task AddFilesAsync(int count, string user) => RunAsync(
        count,
        """
        INSERT INTO files (group_id, name, size, piece_length, pieces_root, shared)
        {0} SELECT g.id, 'many-' || n, 100000, 65536, '0000' || CAST(100000000000 + n AS TEXT) || '000000000000000000000000000000000000000000000000', 1 FROM k CROSS JOIN groups g WHERE g.name_key = 'bench'
        """,
        $"INSERT INTO file_sharers (file_id, user_id, shared) SELECT f.id, u.id, 1 FROM files f CROSS JOIN users u WHERE f.name LIKE 'many-%' AND u.name_key = '{user}'");

    /// <summary>Adds peers of a session, each with two holdings in the group of the bench, that were last seen long ago or are online.</summary>
    /// <param name="session">Hash of its token.</param>
    public Task AddPeersAsync(int count, string session, bool areOnline) => RunAsync(
        count,
        $$"""
        INSERT INTO peers (user_id, session_hash, fingerprint, observed_address, own_addresses, port, last_seen)
        {0} SELECT s.user_id, s.token_hash, 'ffff' || CAST(100000000000 + n AS TEXT) || '000000000000000000000000000000000000000000000000', '127.0.0.1', '', 1, {{(areOnline ? DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 60 : 1)}}
        FROM k CROSS JOIN sessions s WHERE s.token_hash = '{{session}}'
        """,
        """
        INSERT INTO holdings (peer_id, group_id, pieces_root, complete, place)
        SELECT p.id, g.id, h.root, 1, (p.id * 7919) % 100000 FROM peers p CROSS JOIN groups g CROSS JOIN (SELECT DISTINCT pieces_root AS root FROM files ORDER BY pieces_root LIMIT 2) h
        WHERE p.fingerprint LIKE 'ffff1%' AND g.name_key = 'bench'
        """);

    public async Task<bool> HasExpiredPeersAsync()
    {
        await using var command = _connection.CreateCommand();
        command.CommandText = "SELECT COUNT(*) FROM (SELECT 1 FROM peers WHERE last_seen < 2 LIMIT 1) AS p";
        return Convert.ToInt64(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture) > 0;
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    /// <param name="each">Has {0} in place of the numbers.</param>
    private async Task RunAsync(int count, string each, string afterwards)
    {
        for (var from = 0; from < count; from += AtOnce)
        {
            await ExecuteAsync(each.Replace(
                "{0}", $"WITH RECURSIVE k (n) AS (SELECT {from + 1} UNION ALL SELECT n + 1 FROM k WHERE n < {Math.Min(count, from + AtOnce)})", StringComparison.Ordinal));
        }

        await ExecuteAsync(afterwards);
        if (_connection is NpgsqlConnection)
        {
            // As its autovacuum does; SQLite has no statistics of a tracker's tables.
            await ExecuteAsync("ANALYZE");
        }
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync();
    }
}
