using System.CommandLine;
using System.CommandLine.Parsing;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Commands;

/// <summary>What the operator's commands have in common: a tracker's settings, and a tracker's database that exists.</summary>
internal static class CommandSettings
{
    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidConfiguration"/>.</exception>
    public static StorageOptions Read(string[] settings)
    {
        using var options = TrackerSettings.Check(TrackerSettings.ReadConfiguration(settings));
        return options.GetRequiredService<StorageOptions>();
    }

    /// <summary>The one word that a command takes in front of its settings.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidRequest"/>: there are more or fewer.</exception>
    public static string RequireWord(ParseResult parsed, Argument<string?> argument)
    {
        RequireKnownOptions(parsed);
        var word = parsed.GetValue(argument);
        var count = (word is null ? 0 : 1) + parsed.UnmatchedTokens.Count;
        return word is not null && count == 1
            ? word
            : throw Wrong($"{parsed.CommandResult.Command.Name} was called with {count} words in front of its settings: 1 was expected.");
    }

    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidRequest"/>: there is one.</exception>
    public static void RequireNoWord(ParseResult parsed)
    {
        RequireKnownOptions(parsed);
        if (parsed.UnmatchedTokens.Count > 0)
        {
            throw Wrong($"{parsed.CommandResult.Command.Name} was called with {parsed.UnmatchedTokens.Count} words in front of its settings: 0 was expected.");
        }
    }

    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidRequest"/>: an option is not one of this command.</exception>
    private static void RequireKnownOptions(ParseResult parsed)
    {
        if (parsed.Tokens.FirstOrDefault(token => token.Type == TokenType.Argument && token.Value.StartsWith("--", StringComparison.Ordinal)) is { } unknown)
        {
            throw Wrong($"'{PrintableCharacter.Clean(unknown.Value)}' is not an option of this command.");
        }
    }

    /// <summary>Opens the database of the tracker that the settings describe, which has to exist.</summary>
    /// <param name="report">Receives a sentence now and then while its tables are brought up to date.</param>
    /// <exception cref="P2PShareException">It cannot be used; the message says why.</exception>
    public static async Task<TrackerDatabase> OpenDatabaseAsync(string[] settings, Action<string> report, CancellationToken cancellationToken)
    {
        var options = Read(settings);
        if (options.Database == DatabaseKind.Sqlite)
        {
            RequireSqliteFile(options);
        }

        return await TrackerDatabase.OpenAsync(options, TimeProvider.System, report, cancellationToken);
    }

    /// <summary>Refuses a data folder without a database: a typing error in the path would otherwise create a new one, which no tracker knows.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidConfiguration"/>.</exception>
    public static void RequireSqliteFile(StorageOptions options)
    {
        var file = Path.Combine(options.DataPath, SqliteDatabase.FileName);
        if (!File.Exists(file))
        {
            throw new P2PShareException(
                ErrorCode.InvalidConfiguration,
                $"There is no tracker's database '{file}': start the tracker once, or give this command the --Tracker:DataPath that the tracker has.");
        }
    }

    public static P2PShareException Wrong(string message) => new(ErrorCode.InvalidRequest, $"{message} P2PShare.TrackerHost --help shows how to call it.");
}
