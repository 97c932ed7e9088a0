using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>What the operator's commands have in common: a tracker's settings, and a tracker's database that is there.</summary>
internal static class CommandSettings
{
    /// <param name="settings">Words such as <c>--Tracker:DataPath=…</c>.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidRequest"/> or <see cref="ErrorCode.InvalidConfiguration"/>.</exception>
    public static TrackerOptions Read(IEnumerable<string> settings)
    {
        var words = settings.ToArray();
        if (Array.Find(words, word => word.StartsWith("--", StringComparison.Ordinal) && !word.Contains(':', StringComparison.Ordinal)) is { } unknown)
        {
            throw Wrong($"'{PrintableCharacter.Clean(unknown)}' is no option of this command.");
        }

        var options = TrackerSettings.Read(TrackerSettings.ReadConfiguration(words));
        options.Check();
        return options;
    }

    /// <summary>Refuses a data folder without a database: a slip in the path would else make a new one, which no tracker knows.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidConfiguration"/>.</exception>
    public static void RequireSqliteFile(TrackerOptions options)
    {
        var file = Path.Combine(options.DataPath, SqliteDatabase.FileName);
        if (!File.Exists(file))
        {
            throw new P2PShareException(
                ErrorCode.InvalidConfiguration,
                $"There is no tracker's database '{file}': start the tracker once, or give this command the --Tracker:DataPath that the tracker has.");
        }
    }

    public static P2PShareException Wrong(string message) => new(ErrorCode.InvalidRequest, $"{message} P2PShare.TrackerHost --help says how it is called.");
}
