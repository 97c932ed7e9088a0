using System.CommandLine;
using System.Globalization;
using P2PShare.Protocol.Names;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Observability;

namespace P2PShare.TrackerHost.Commands;

/// <summary><c>invite</c>: creates an invitation and prints its token.</summary>
internal static class InviteCommand
{
    private const int MaxUses = 10_000;
    private const int MaxDays = 365;
    private const int MaxCount = 1000;

    public static Command Create(string[] settings)
    {
        var uses = Number("--uses", 1, MaxUses, $"How many accounts it is good for: 1 to {MaxUses}.");
        var days = Number("--days", 7, MaxDays, $"How many days it is valid: 1 to {MaxDays}.");
        var count = Number("--count", 1, MaxCount, $"How many invitations, a line with a token for each: 1 to {MaxCount}.");
        var command = new Command("invite", "Prints the token of a new invitation, once: only its hash is kept.") { uses, days, count };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, settings, parsed.GetValue(uses), parsed.GetValue(days), parsed.GetValue(count), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, string[] settings, int uses, int days, int count, CancellationToken cancellationToken)
    {
        CommandSettings.RequireNoWord(parsed);
        await using var database = await CommandSettings.OpenDatabaseAsync(settings, parsed.InvocationConfiguration.Error.WriteLine, cancellationToken);
        var invitations = new InvitationService(database, TimeProvider.System);
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        for (var made = 0; made < count; made++)
        {
            var (token, id, expires) = await invitations.CreateAsync(uses, TimeSpan.FromDays(days), cancellationToken);
            await database.WriteAsync(connection => OperatorActStore.AddAsync(connection, AuditAct.InvitationMade, id), cancellationToken);
            await error.WriteLineAsync($"Invitation {id}, good for {uses} {(uses == 1 ? "account" : "accounts")} until {expires:yyyy-MM-dd HH:mm} UTC. Its token is not shown again:");
            await output.WriteLineAsync(token);
        }

        return 0;
    }

    private static Option<int> Number(string name, int fallback, int most, string description) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => fallback,
        CustomParser = result =>
        {
            var text = result.Tokens is [var token] ? token.Value : "";
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most)
            {
                return number;
            }

            result.AddError($"{name} is '{PrintableCharacter.Clean(text)}': 1 to {most} was expected.");
            return fallback;
        },
    };
}
