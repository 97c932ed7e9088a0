using System.Data.Common;
using Dapper;
using P2PShare.Protocol;

namespace P2PShare.TrackerHost.Storage;

/// <summary>Brings a database's schema up to date: the embedded files <c>NNNN_name.sql</c>, in order, each once.</summary>
internal static class Migrations
{
    /// <summary>How often it reports what takes long.</summary>
    public static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(5);

    // Migrations of a large database take long, and no request is served before.
    internal const int Unlimited = 0;

    /// <summary>The version of the schema that this program creates and needs.</summary>
    public static long Latest { get; } = MigrationScript.All[^1].Number;

    /// <summary>Waits as long as another instance changes or uses the tables, then brings them up to date.</summary>
    /// <param name="report">Receives a sentence for each step, and each <see cref="ReportInterval"/> one about what it waits for; none for a new database.</param>
    /// <exception cref="P2PShareException">The database was made by a newer version.</exception>
    public static async Task ApplyAsync(
        TrackerDatabase database, DbConnection connection, TimeProvider clock, Action<string> report, CancellationToken cancellationToken)
    {
        var parts = new MigrationParts(clock, report);
        while (!await ApplyNextAsync())
        {
        }

        // A transaction for each step or part of one, from reading the version on: another instance that starts at the same time waits, and those that run can
        // write between two transactions. A new database is made in one.
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
            foreach (var script in MigrationScript.All.Where(script => script.Number > version).Take(isNew ? int.MaxValue : 1))
            {
                var progress = isNew ? _ => { } : report;
                var step = $"Bringing the tables from schema version {script.Number - 1} to {script.Number} of {Latest}.";
                if (script.Table is null)
                {
                    progress(step);
                    // On a thread of its own: SQLite works on the caller's.
                    var running = Task.Run(() => connection.ExecuteAsync(database.Translate(script.Sql), commandTimeout: Unlimited), CancellationToken.None);
                    await ReportWhileAsync(running, step, clock, progress);
                }
                else if (await parts.ApplyNextAsync(connection, script, database.Translate(script.Sql)))
                {
                    await transaction.CommitAsync(cancellationToken);
                    parts.Report(step);
                    return false;
                }
                else if (!parts.HasReported)
                {
                    progress(step);
                }

                await connection.ExecuteAsync("INSERT INTO schema_version (version) VALUES (@Number)", new { script.Number });
            }

            var isDone = isNew || MigrationScript.All.Count(script => script.Number > version) <= 1;
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
}
