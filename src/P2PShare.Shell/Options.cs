using P2PShare.Shell.Commands;

namespace P2PShare.Shell;

/// <summary>What the command line asks for.</summary>
internal enum Mode
{
    Prompt,
    File,
    Command,
    Demo,
    Help,
    Version,
}

/// <summary>The command line.</summary>
/// <param name="Text">The script's path, the command's text, or the demo's file.</param>
/// <param name="Arguments">The arguments of the script.</param>
/// <param name="Module">Folder or manifest of the module; null: the usual places.</param>
/// <param name="Echo">A name: print each statement of the file, after this name, before it runs.</param>
internal sealed record Options(Mode Mode, TrackerChoice? Tracker, string? Text, IReadOnlyList<string> Arguments, string? Module, string? Echo)
{
    public const string Usage = """
        p2pshare: PowerShell with the P2PShare module, which shares files in groups from peer to peer.

          p2pshare <host:port> <tracker_info.txt>      open a prompt; commands may also come from standard input
          p2pshare [<host:port> <tracker_info.txt>] -File <script.ps1> [arguments]
          p2pshare [<host:port> <tracker_info.txt>] -Command "<text>"
          p2pshare demo [path]                         send a file from one user to another on this machine

        Options, before -File and -Command:
          --module <folder>   the P2PShare module to import
          --echo <name>       with -File: print each statement after the name before it runs; stop at the first error
          -Version, --help

        tracker_info.txt has a line 'host:port [fingerprint]' for each tracker. P2PSHARE_HOME names the state folder.
        Exit code: 0; 1 if a command failed; 2 if the command line is wrong; or the code that a script passes to 'exit'.
        """;

    /// <exception cref="UsageException">Naming what is wrong.</exception>
    public static Options Parse(IReadOnlyList<string> arguments)
    {
        var options = new Options(Mode.Prompt, null, null, [], null, null);
        var words = new List<string>();
        for (var at = 0; at < arguments.Count; at++)
        {
            var rest = arguments.Skip(at + 1).ToArray();
            switch (Name(arguments[at]))
            {
                case "file":
                    var script = rest.FirstOrDefault() ?? throw new UsageException("-File needs the path of a script.");
                    return (options with { Mode = Mode.File, Text = script, Arguments = rest[1..] }).WithTracker(words, required: false);
                case "command" or "c":
                    var text = rest.Length > 0 ? string.Join(' ', rest) : throw new UsageException("-Command needs a text.");
                    return (options with { Mode = Mode.Command, Text = text }).WithTracker(words, required: false);
                case "module":
                    options = options with { Module = rest.FirstOrDefault() ?? throw new UsageException("--module needs a folder.") };
                    at++;
                    break;
                case "echo":
                    options = options with { Echo = rest.FirstOrDefault() ?? throw new UsageException("--echo needs a name.") };
                    at++;
                    break;
                case "version":
                    return options with { Mode = Mode.Version };
                case "help" or "h" or "?":
                    return options with { Mode = Mode.Help };
                case not null:
                    throw new UsageException($"'{arguments[at]}' is not an option.");
                default:
                    words.Add(arguments[at]);
                    break;
            }
        }

        if (words is ["demo", ..])
        {
            return words.Count <= 2
                ? options with { Mode = Mode.Demo, Text = words.ElementAtOrDefault(1) }
                : throw new UsageException($"demo takes one path, not also '{words[2]}'. Put quotation marks around a path with spaces.");
        }

        return options.WithTracker(words, required: true);
    }

    private Options WithTracker(List<string> words, bool required) => words switch
    {
        [] when !required => this,
        [] => throw new UsageException("A tracker is needed: p2pshare <host:port> <tracker_info.txt>."),
        [var address, ..] when !TrackerChoice.IsAddress(address) =>
            throw new UsageException($"'{address}' is not a tracker's address: host:port was expected, such as tracker.example:8001."),
        [_] => throw new UsageException("The tracker file is missing: p2pshare <host:port> <tracker_info.txt>."),
        [var address, var file] => this with { Tracker = new TrackerChoice(address, Path.GetFullPath(file)) },
        _ => throw new UsageException($"'{words[2]}' is one word too many."),
    };

    // Accepts one dash, as PowerShell does, and two; null: not an option.
    private static string? Name(string argument) => argument.StartsWith('-') && argument.Length > 1 ? argument.TrimStart('-').ToLowerInvariant() : null;
}
