using System.Data.Common;
using System.Globalization;
using System.Reflection;
using Dapper;
using P2PShare.Protocol;

namespace P2PShare.TrackerHost.Storage;

/// <summary>Brings a database's schema up to date: the embedded files <c>NNNN_name.sql</c>, in order, each once.</summary>
internal static class Migrations
{
    /// <summary>How often it reports what takes long.</summary>
    public static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(5);

    // Migrations of a large database take long, and no request is served before.
    private const int Unlimited = 0;

    /// <summary>The version of the schema that this program creates and needs.</summary>
    public static long Latest { get; } = Load().Keys.Max();

    /// <summary>Waits as long as another instance changes or uses the tables, then brings them up to date.</summary>
    /// <param name="report">Receives a sentence for each step, and each <see cref="ReportInterval"/> one about what it waits for; none for a new database.</param>
    /// <exception cref="P2PShareException">The database was made by a newer version.</exception>
    public static async Task ApplyAsync(
        TrackerDatabase database, DbConnection connection, TimeProvider clock, Action<string> report, CancellationToken cancellationToken)
    {
        var scripts = Load();
        while (!await ApplyNextAsync())
        {
        }

        // A transaction for each step, from reading the version on: another instance that starts at the same time waits, and those that run can write between two
        // steps. A new database is made in one.
        async Task<bool> ApplyNextAsync()
        {
            await using var transaction = await ReportWhileAsync(
                database.BeginMigrationAsync(connection, cancellationToken),
                "Waiting for the lock of the tracker's database: another instance brings its tables up to date, or writes.",
                clock,
                report);
            await connection.ExecuteAsync("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY)");
            var version = await connection.ExecuteScalarAsync<long>("SELECT COALESCE(MAX(version), 0) FROM schema_version");
            if (version > Latest)
            {
                throw new P2PShareException(ErrorCode.InvalidConfiguration, TooNew(version));
            }

            var isNew = version == 0;
            foreach (var (number, sql) in scripts.Where(script => script.Key > version).Take(isNew ? int.MaxValue : 1))
            {
                var progress = isNew ? _ => { } : report;
                var step = $"Bringing the tables from schema version {number - 1} to {number} of {Latest}.";
                progress(step);
                // On a thread of its own: SQLite works on the caller's.
                var running = Task.Run(() => connection.ExecuteAsync(database.Translate(sql), commandTimeout: Unlimited), CancellationToken.None);
                await ReportWhileAsync(running, step, clock, progress);
                await connection.ExecuteAsync("INSERT INTO schema_version (version) VALUES (@number)", new { number });
            }

            var isDone = isNew || scripts.Keys.Count(number => number > version) <= 1;
            if (isDone)
            {
                await database.CompleteMigrationAsync(connection);
            }

            await transaction.CommitAsync(cancellationToken);
            return isDone;
        }
    }

    /// <summary>The error sentence about a schema that this program does not know.</summary>
    public static string TooNew(long version) =>
        $"The tracker's database has schema version {version}, which is newer than this program knows ({Latest}): start the newer program, or choose another database.";

    private static async Task<T> ReportWhileAsync<T>(Task<T> work, string sentence, TimeProvider clock, Action<string> report)
    {
        var begun = clock.GetTimestamp();
        while (await Task.WhenAny(work, Task.Delay(ReportInterval, clock)) != work)
        {
            report($"{sentence} {clock.GetElapsedTime(begun).TotalSeconds:0} seconds so far.");
        }

        return await work;
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
