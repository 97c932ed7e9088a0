using P2PShare.Protocol;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>What an operator does with the database as a whole.</summary>
internal static class DatabaseCommands
{
    public const string Usage = """
        P2PShare.TrackerHost backup <folder> [--Tracker:Setting=value ...]
          copies the SQLite database, while the tracker runs, and the certificate to a new folder: a data folder that a
          tracker can be started on
        P2PShare.TrackerHost copy [--Tracker:Setting=value ...]
          copies all of the SQLite database to the empty PostgreSQL database of ConnectionStrings:Tracker, while no
          tracker runs
        """;

    /// <summary>Whether a command line is one of these.</summary>
    public static bool Knows(string[] args) => args is ["backup" or "copy", ..];

    /// <param name="args">One that <see cref="Knows"/>.</param>
    /// <exception cref="P2PShareException">It could not be done; the message says why.</exception>
    public static async Task RunAsync(string[] args, TextWriter output, CancellationToken cancellationToken)
    {
        var words = args.TakeWhile(word => !word.StartsWith("--", StringComparison.Ordinal)).ToArray();
        var options = CommandSettings.Read(args[words.Length..]);
        switch (words)
        {
            case ["backup", var folder]:
                await BackUpAsync(options, Path.GetFullPath(folder), output, cancellationToken);
                break;
            case ["copy"]:
                await CopyAsync(options, output, cancellationToken);
                break;
            default:
                throw CommandSettings.Wrong(
                    words[0] == "backup" ? "A folder that is not there yet was expected after backup." : "Nothing but settings was expected after copy.");
        }
    }

    private static async Task BackUpAsync(TrackerOptions options, string folder, TextWriter output, CancellationToken cancellationToken)
    {
        if (options.Database == DatabaseKind.Postgres)
        {
            throw CommandSettings.Wrong("backup is for SQLite: a PostgreSQL database is backed up with pg_dump.");
        }

        CommandSettings.RequireSqliteFile(options);
        await SqliteBackup.WriteAsync(options.DataPath, folder, cancellationToken);
        await output.WriteLineAsync($"backup: {folder}");
    }

    private static async Task CopyAsync(TrackerOptions options, TextWriter output, CancellationToken cancellationToken)
    {
        CommandSettings.RequireSqliteFile(options);
        await using var source = await SqliteDatabase.OpenAsync(options.DataPath, cancellationToken);
        await using var target = await PostgresDatabase.OpenAsync(options.ConnectionString, cancellationToken);
        foreach (var (table, rows) in await DatabaseCopy.CopyAsync(source, target, cancellationToken))
        {
            await output.WriteLineAsync($"{table}: {rows}");
        }

        await output.WriteLineAsync("All was copied: start the trackers with Tracker:Database=postgres.");
    }
}
