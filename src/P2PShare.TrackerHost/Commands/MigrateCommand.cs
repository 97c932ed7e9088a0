using System.CommandLine;
using System.Globalization;
using P2PShare.TrackerHost.Observability;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Commands;

/// <summary><c>migrate</c>: brings the tables up to date without starting a tracker.</summary>
internal static class MigrateCommand
{
    public static Command Create(string[] settings)
    {
        var command = new Command(
            "migrate", "Brings the database's tables up to date, as a tracker does when it starts, and prints each step.");
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, settings, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, string[] settings, CancellationToken cancellationToken)
    {
        CommandSettings.RequireNoWord(parsed);
        var output = parsed.InvocationConfiguration.Output;
        await using var database = await CommandSettings.OpenDatabaseAsync(settings, output.WriteLine, cancellationToken);
        await database.WriteAsync(
            connection => OperatorActStore.AddAsync(connection, AuditAct.DatabaseMigrated, Migrations.Latest.ToString(CultureInfo.InvariantCulture)), cancellationToken);
        await output.WriteLineAsync($"The database has schema version {Migrations.Latest}.");
        return 0;
    }
}
