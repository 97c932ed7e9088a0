namespace P2PShare.TrackerHost.Commands;

/// <summary>
/// A command line, parted into what its commands define and the settings, such as <c>--Tracker:DataPath=x</c> or
/// <c>--Tracker:DataPath x</c>: a parser that does not know their names would take them for arguments.
/// </summary>
internal sealed record CommandLine(string[] Words, string[] Settings)
{
    public static CommandLine Split(string[] args)
    {
        var (words, settings) = (new List<string>(), new List<string>());
        for (var i = 0; i < args.Length; i++)
        {
            if (!IsOption(args[i]) || !args[i].Contains(':', StringComparison.Ordinal))
            {
                words.Add(args[i]);
                continue;
            }

            settings.Add(args[i]);
            if (!args[i].Contains('=', StringComparison.Ordinal) && i + 1 < args.Length && !IsOption(args[i + 1]))
            {
                settings.Add(args[++i]);
            }
        }

        return new CommandLine([.. words], [.. settings]);
    }

    private static bool IsOption(string arg) => arg.StartsWith("--", StringComparison.Ordinal);
}
