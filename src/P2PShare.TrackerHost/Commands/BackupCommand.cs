using System.CommandLine;
using Microsoft.Data.Sqlite;
using P2PShare.TrackerHost.Certificates;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Observability;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Commands;

/// <summary><c>backup</c>: copies the SQLite database and the certificate to a new folder.</summary>
internal static class BackupCommand
{
    public static Command Create(string[] settings)
    {
        var folder = new Argument<string?>("folder") { Arity = ArgumentArity.ZeroOrOne, Description = "A folder that does not exist yet." };
        var command = new Command(
            "backup", "Copies the SQLite database, while the tracker runs, and the certificate to a new folder: a data folder that a tracker can be started on.") { folder };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, settings, parsed.GetValue(folder), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, string[] settings, string? folder, CancellationToken cancellationToken)
    {
        if (folder is null || parsed.UnmatchedTokens.Count > 0)
        {
            throw CommandSettings.Wrong("A folder that does not exist yet was expected after backup.");
        }

        var options = CommandSettings.Read(settings);
        if (options.Database == DatabaseKind.Postgres)
        {
            throw CommandSettings.Wrong("backup is for SQLite: a PostgreSQL database is backed up with pg_dump.");
        }

        CommandSettings.RequireSqliteFile(options);
        var target = Path.GetFullPath(folder);
        await SqliteBackup.WriteAsync(options.DataPath, target, [TrackerCertificate.FileName], cancellationToken);
        await parsed.InvocationConfiguration.Output.WriteLineAsync($"backup: {target}");
        await NoteAsync("the metric of its age does not count it", () => Task.Run(() => SqliteBackup.RecordNow(options.DataPath)));
        await NoteAsync("the audit log does not have it", () => WriteActAsync(options.DataPath, target));
        return 0;

        async Task NoteAsync(string consequence, Func<Task> note)
        {
            try
            {
                await note();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or SqliteException)
            {
                await parsed.InvocationConfiguration.Error.WriteLineAsync(
                    $"The backup is complete, but it could not be noted, and {consequence}: {e.Message.TrimEnd('.')}. If a right is missing, run backup as the user of the tracker.");
            }
        }
    }

    // Not opened as a tracker opens it, which would bring its tables up to date.
    private static async Task WriteActAsync(string dataPath, string backup)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(dataPath, SqliteDatabase.FileName)};Mode=ReadWrite;Pooling=false");
        await connection.OpenAsync();
        await OperatorActStore.AddAsync(connection, AuditAct.DatabaseBackedUp, backup);
    }
}
