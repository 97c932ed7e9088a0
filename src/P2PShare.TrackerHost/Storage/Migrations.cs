using System.Data.Common;
using System.Globalization;
using System.Reflection;
using Dapper;
using P2PShare.Protocol;

namespace P2PShare.TrackerHost.Storage;

/// <summary>Brings a database's schema up to date: the embedded files <c>NNNN_name.sql</c>, in order, each once.</summary>
internal static class Migrations
{
    // Migrations of a large database take long, and no request is served before.
    private const int Unlimited = 0;

    /// <summary>The version of the schema that this program creates and needs.</summary>
    public static long Latest { get; } = Load().Keys.Max();

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
            throw new P2PShareException(ErrorCode.InvalidConfiguration, TooNew(version));
        }

        foreach (var (number, sql) in scripts.Where(script => script.Key > version))
        {
            await connection.ExecuteAsync(database.Translate(sql), commandTimeout: Unlimited);
            await connection.ExecuteAsync("INSERT INTO schema_version (version) VALUES (@number)", new { number });
        }

        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>The error sentence about a schema that this program does not know.</summary>
    public static string TooNew(long version) =>
        $"The tracker's database has schema version {version}, which is newer than this program knows ({Latest}): start the newer program, or choose another database.";

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
