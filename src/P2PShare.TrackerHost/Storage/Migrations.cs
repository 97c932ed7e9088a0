using System.Data.Common;
using System.Globalization;
using System.Reflection;
using Dapper;
using P2PShare.Protocol;

namespace P2PShare.TrackerHost.Storage;

/// <summary>Brings a database's schema up to date: the embedded files <c>NNNN_name.sql</c>, in order, each once.</summary>
internal static class Migrations
{
    /// <exception cref="P2PShareException">The database was made by a newer version.</exception>
    public static async Task ApplyAsync(TrackerDatabase database, DbConnection connection, CancellationToken cancellationToken)
    {
        var scripts = Load();
        // One transaction from reading the version to the last script: another instance that starts at the same time waits.
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await database.LockAsync(connection, shared: false);
        await connection.ExecuteAsync("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY)");
        var version = await connection.ExecuteScalarAsync<long>("SELECT COALESCE(MAX(version), 0) FROM schema_version");
        if (version > scripts.Count)
        {
            throw new P2PShareException(
                ErrorCode.InvalidConfiguration,
                $"The tracker's database has schema version {version}, which is newer than this program knows ({scripts.Count}): start the newer program, or choose another database.");
        }

        foreach (var (number, sql) in scripts.Where(script => script.Key > version))
        {
            await connection.ExecuteAsync(database.Translate(sql));
            await connection.ExecuteAsync("INSERT INTO schema_version (version) VALUES (@number)", new { number });
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private static SortedDictionary<long, string> Load()
    {
        var assembly = Assembly.GetExecutingAssembly();
        var scripts = new SortedDictionary<long, string>();
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.EndsWith(".sql", StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            scripts.Add(long.Parse(name.AsSpan(0, name.IndexOf('_', StringComparison.Ordinal)), CultureInfo.InvariantCulture), reader.ReadToEnd());
        }

        return scripts;
    }
}
