using System.Data.Common;
using Dapper;
using Npgsql;
using P2PShare.Protocol;

namespace P2PShare.TrackerHost.Storage;

/// <summary>Copies all rows of one tracker's database to an empty one, as of one moment and as a whole.</summary>
internal static class DatabaseCopy
{
    // The target has its own.
    private const string SchemaVersion = "schema_version";

    // Rows that a new database has: the last number of a sequence, by table.
    private static readonly Dictionary<string, string> LastNumbers = new() { ["last_number"] = "number" };

    /// <param name="source">With the newest schema, as <paramref name="target"/> has.</param>
    /// <returns>Each table, and how many rows of it were copied.</returns>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidConfiguration"/>: the target is not empty.</exception>
    public static Task<IReadOnlyList<(string Table, long Rows)>> CopyAsync(TrackerDatabase source, TrackerDatabase target, CancellationToken cancellationToken) =>
        source.ReadSnapshotAsync<IReadOnlyList<(string, long)>>(
            async from =>
            {
                await using var to = (NpgsqlConnection)await target.OpenWriterAsync();
                // Like a migration, it takes as long as it takes.
                await using var transaction = await target.BeginMigrationAsync(to, cancellationToken);
                var copied = new List<(string, long)>();
                var tables = await TablesAsync(from);
                foreach (var table in tables)
                {
                    await RequireEmptyAsync(to, table);
                }

                foreach (var table in LastNumbers.Keys)
                {
                    await to.ExecuteAsync($"DELETE FROM {table}");
                }

                foreach (var table in tables)
                {
                    copied.Add((table, (long)await CopyAsync(from, to, table, cancellationToken)));
                    await ContinueIdsAsync(to, table);
                }

                await transaction.CommitAsync(cancellationToken);
                return copied;
            },
            cancellationToken);

    /// <returns>Each after those that it refers to.</returns>
    private static async Task<List<string>> TablesAsync(DbConnection from)
    {
        var left = (await from.QueryAsync<string>(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> @SchemaVersion ORDER BY name", new { SchemaVersion })).AsList();
        var ordered = new List<string>();
        while (left.Count > 0)
        {
            foreach (var table in left.ToArray())
            {
                var refersTo = await from.QueryAsync<string>("SELECT \"table\" FROM pragma_foreign_key_list(@table)", new { table });
                if (refersTo.All(other => other == table || ordered.Contains(other)))
                {
                    ordered.Add(table);
                    left.Remove(table);
                }
            }
        }

        return ordered;
    }

    private static async Task RequireEmptyAsync(NpgsqlConnection to, string table)
    {
        var isEmpty = LastNumbers.TryGetValue(table, out var number)
            ? await to.ExecuteScalarAsync<long>($"SELECT COALESCE(MAX({number}), 0) FROM {table}") == 0
            : await to.ExecuteScalarAsync<long>($"SELECT COUNT(*) FROM (SELECT 1 FROM {table} LIMIT 1) AS any_row") == 0;
        if (!isEmpty)
        {
            throw new P2PShareException(
                ErrorCode.InvalidConfiguration,
                $"The PostgreSQL database '{to.Database}' is not empty: there are rows in {table}, so a tracker has run on it. Nothing was changed: create a new database.");
        }
    }

    private static async Task<ulong> CopyAsync(DbConnection from, NpgsqlConnection to, string table, CancellationToken cancellationToken)
    {
        var columns = (await from.QueryAsync<string>("SELECT name FROM pragma_table_info(@table) ORDER BY cid", new { table })).AsList();
        var names = string.Join(", ", columns);
        await using var rows = await from.ExecuteReaderAsync($"SELECT {names} FROM {table}");
        await using var import = await to.BeginBinaryImportAsync($"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)", cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            await import.StartRowAsync(cancellationToken);
            for (var i = 0; i < columns.Count; i++)
            {
                // The schema has whole numbers and text only.
                await (rows.GetValue(i) switch
                {
                    long number => import.WriteAsync(number, cancellationToken),
                    string text => import.WriteAsync(text, cancellationToken),
                    _ => import.WriteNullAsync(cancellationToken),
                });
            }
        }

        return await import.CompleteAsync(cancellationToken);
    }

    /// <summary>Ids that the database assigns continue after those that were copied.</summary>
    private static Task<int> ContinueIdsAsync(NpgsqlConnection to, string table) => to.ExecuteAsync(
        $"""
        DO $$ DECLARE sequence TEXT; BEGIN
            SELECT pg_get_serial_sequence('{table}', column_name) INTO sequence FROM information_schema.columns
                WHERE table_schema = current_schema() AND table_name = '{table}' AND is_identity = 'YES';
            IF sequence IS NOT NULL THEN
                PERFORM setval(sequence, COALESCE((SELECT MAX(id) FROM {table}), 0) + 1, false);
            END IF;
        END $$
        """);
}
