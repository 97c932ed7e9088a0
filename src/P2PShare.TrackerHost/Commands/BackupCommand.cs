using System.CommandLine;
using P2PShare.TrackerHost.Certificates;
using P2PShare.TrackerHost.Configuration;
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
        try
        {
            SqliteBackup.RecordNow(options.DataPath);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await parsed.InvocationConfiguration.Error.WriteLineAsync(
                $"The backup is complete, but its time could not be noted in the data folder, so the metric of its age does not count it: {e.Message.TrimEnd('.')}. Run backup as the user of the tracker.");
        }

        return 0;
    }
}
