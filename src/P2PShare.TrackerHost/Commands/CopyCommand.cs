using System.CommandLine;
using P2PShare.TrackerHost.Observability;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Commands;

/// <summary><c>copy</c>: copies the SQLite database to PostgreSQL.</summary>
internal static class CopyCommand
{
    public static Command Create(string[] settings)
    {
        var command = new Command(
            "copy", "Copies all of the SQLite database to the empty PostgreSQL database of ConnectionStrings:Tracker, while no tracker runs.");
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, settings, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, string[] settings, CancellationToken cancellationToken)
    {
        if (parsed.UnmatchedTokens.Count > 0)
        {
            throw CommandSettings.Wrong("Nothing but settings was expected after copy.");
        }

        var options = CommandSettings.Read(settings);
        CommandSettings.RequireSqliteFile(options);
        Action<string> report = parsed.InvocationConfiguration.Error.WriteLine;
        await using var source = await SqliteDatabase.OpenAsync(options.DataPath, TimeProvider.System, report, cancellationToken);
        await using var target = await PostgresDatabase.OpenAsync(options.ConnectionString, TimeProvider.System, report, cancellationToken);
        var output = parsed.InvocationConfiguration.Output;
        foreach (var (table, rows) in await DatabaseCopy.CopyAsync(source, target, cancellationToken))
        {
            await output.WriteLineAsync($"{table}: {rows}");
        }

        await target.WriteAsync(connection => OperatorActStore.AddAsync(connection, AuditAct.DatabaseCopied, options.DataPath), cancellationToken);
        await output.WriteLineAsync("All was copied: start the trackers with Tracker:Database=postgres.");
        return 0;
    }
}
