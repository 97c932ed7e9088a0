using System.CommandLine;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Commands;

/// <summary>What the operator's commands have in common: a tracker's settings, and a tracker's database that exists.</summary>
internal static class CommandSettings
{
    /// <summary>Reads the settings, <c>--Tracker:DataPath=…</c> and the like: all words that the command line does not define.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidRequest"/> or <see cref="ErrorCode.InvalidConfiguration"/>.</exception>
    public static StorageOptions Read(ParseResult parsed)
    {
        var words = parsed.UnmatchedTokens.ToArray();
        if (Array.Find(words, word => word.StartsWith("--", StringComparison.Ordinal) && !word.Contains(':', StringComparison.Ordinal)) is { } unknown)
        {
            throw Wrong($"'{PrintableCharacter.Clean(unknown)}' is not an option of this command.");
        }

        using var options = TrackerSettings.Check(TrackerSettings.ReadConfiguration(words));
        return options.GetRequiredService<StorageOptions>();
    }

    /// <summary>The one word that a command takes in front of its settings.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidRequest"/>: there are more or fewer.</exception>
    public static string RequireWord(ParseResult parsed, Argument<string?> argument)
    {
        var word = parsed.GetValue(argument);
        var count = (word is null ? 0 : 1) + CountWords(parsed);
        return word is not null && count == 1
            ? word
            : throw Wrong($"{parsed.CommandResult.Command.Name} was called with {count} words in front of its settings: 1 was expected.");
    }

    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidRequest"/>: there is one.</exception>
    public static void RequireNoWord(ParseResult parsed)
    {
        if (CountWords(parsed) is > 0 and var count)
        {
            throw Wrong($"{parsed.CommandResult.Command.Name} was called with {count} words in front of its settings: 0 was expected.");
        }
    }

    /// <summary>Words in front of the settings that no argument took.</summary>
    public static int CountWords(ParseResult parsed) => parsed.UnmatchedTokens.TakeWhile(word => !word.StartsWith("--", StringComparison.Ordinal)).Count();

    /// <summary>Opens the database of the tracker that the settings describe, which has to exist.</summary>
    /// <exception cref="P2PShareException">It cannot be used; the message says why.</exception>
    public static async Task<TrackerDatabase> OpenDatabaseAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var options = Read(parsed);
        if (options.Database == DatabaseKind.Sqlite)
        {
            RequireSqliteFile(options);
        }

        return await TrackerDatabase.OpenAsync(options, TimeProvider.System, cancellationToken);
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
