using System.CommandLine;
using System.Text;

namespace P2PShare.TrackerHost.Commands;

/// <summary>
/// The help of the command line, from the definitions of its commands. The library's own help does not know the settings, and shows
/// the tracker's two arguments in front of every command.
/// </summary>
internal static class HelpText
{
    public const string Usage = "Usage: P2PShare.TrackerHost <tracker_info.txt> <tracker_no> [--validate] [--Tracker:Setting=value ...]";

    private const int Indent = 4;

    private const string Settings = """
        Settings, such as --Tracker:DataPath=/var/lib/p2pshare, stand behind every command line; they also come from
        appsettings.json in the current folder and from the environment (Tracker__DataPath). With
        --Tracker:Database=postgres the tracker keeps its data in the PostgreSQL database of ConnectionStrings:Tracker; as
        that has a password, give it in the environment (ConnectionStrings__Tracker) or in appsettings.json.
        """;

    public static string Of(RootCommand root)
    {
        var text = new StringBuilder();
        text.AppendLine(Usage).AppendLine("       P2PShare.TrackerHost --version").AppendLine();
        AddParts(text, root);
        foreach (var command in root.Subcommands)
        {
            text.AppendLine();
            var words = command.Arguments.Select(argument => $" <{argument.Name}>").Concat(command.Options.Select(option => $" [{option.Name} N]"));
            text.Append("P2PShare.TrackerHost ").Append(command.Name).AppendJoin("", words).AppendLine(" [--Tracker:Setting=value ...]");
            text.Append(' ', Indent / 2).AppendLine(command.Description);
            AddParts(text, command);
        }

        return text.AppendLine().Append(Settings).ToString();
    }

    private static void AddParts(StringBuilder text, Command command)
    {
        foreach (var (name, description) in command.Arguments.Select(argument => ($"<{argument.Name}>", argument.Description))
            .Concat(command.Options.Where(option => option is not VersionOption and not System.CommandLine.Help.HelpOption).Select(option => (option.Name, option.Description))))
        {
            text.Append(' ', Indent).Append(name.PadRight(20)).Append(' ').AppendLine(description);
        }
    }
}
