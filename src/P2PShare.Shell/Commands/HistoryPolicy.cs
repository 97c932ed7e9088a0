using System.Text.RegularExpressions;
using P2PShare.Shell.Hosting;

namespace P2PShare.Shell.Commands;

/// <summary>Decides what the history keeps of a typed line: never a password.</summary>
public static partial class HistoryPolicy
{
    /// <summary>The line as the history keeps it: <c>login</c> and <c>create_user</c>, also misspelt, without the password.</summary>
    public static string Redact(string line)
    {
        var words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var name = words.Length > 0 ? NearestName.Find(words[0], CommandList.All.Select(command => command.Name)) : null;
        return CommandList.All.FirstOrDefault(command => command.Name == name) is { IsSecret: true } command
            ? string.Join(' ', words.Take(command.Words.TakeWhile(word => word != OriginalCommand.Password).Count() + 1))
            : line;
    }

    /// <summary>Whether the line may be stored in the file. PowerShell text that names a secret may contain one.</summary>
    public static bool MayBeKept(string line) => CommandList.Of(line) is not null || !Secret().IsMatch(line);

    // The words that PSReadLine treats as sensitive.
    [GeneratedRegex("password|asplaintext|token|apikey|secret", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Secret();
}
