using System.Management.Automation;
using System.Management.Automation.Language;
using P2PShare.Shell.Hosting;
using P2PShare.Shell.LineEditing;

namespace P2PShare.Shell.Commands;

/// <summary>Completes a line at the prompt: the original's commands and their arguments; all other text as PowerShell does.</summary>
/// <param name="askPowerShell">Returns PowerShell's completions of a line at a cursor position.</param>
public sealed class LineCompletion(Func<string, int, CommandCompletion?> askPowerShell)
{
    /// <summary>The completions at the cursor.</summary>
    public Completion Complete(string line, int cursor)
    {
        var before = line[..cursor];
        var start = WordStart(before, out var words);
        if (words.Count == 0)
        {
            var names = CommandList.All.Select(command => command.Name)
                .Where(name => name.StartsWith(before[start..], StringComparison.OrdinalIgnoreCase)).ToArray();
            return names.Length > 0 ? Words(start, cursor, names) : AsPowerShell(line, cursor);
        }

        if (CommandList.Of(line) is not { } command)
        {
            return AsPowerShell(line, cursor);
        }

        var typed = before[start..].TrimStart('"', '\'');
        var texts = command.Words.ElementAtOrDefault(words.Count - 1) switch
        {
            "file_path" => LocalPaths(typed, withFiles: true),
            "destination_path" => LocalPaths(typed, withFiles: false),
            "group_id" when command.Name is "create_group" => [],
            "group_id" => Ask($"Get-P2PFile -Group {Quote(typed)}"),
            "file_name" => Ask($"Get-P2PFile -Group {Quote(words[1])} -Name {Quote(typed)}"),
            "user_id" when words.Count > 1 => Ask($"Approve-P2PJoinRequest -Group {Quote(words[1])} -UserName {Quote(typed)}"),
            null when command.Name == "help" && words.Count == 1 => CommandList.All.Select(each => each.Name)
                .Where(name => name.StartsWith(typed, StringComparison.OrdinalIgnoreCase)),
            _ => [],
        };
        return Words(start, cursor, [.. texts.Select(AsWord).OfType<string>()]);
    }

    // A single completion is followed by a space for the next word; a folder is not, because its path continues.
    private static Completion Words(int start, int cursor, string[] texts) =>
        new(start, cursor - start, texts is [[.., not '/'] only] ? [only + " "] : texts);

    private Completion AsPowerShell(string line, int cursor) => askPowerShell(line, cursor) is { CompletionMatches.Count: > 0 } found
        ? new Completion(found.ReplacementIndex, found.ReplacementLength, [.. found.CompletionMatches.Select(match => match.CompletionText).Distinct()])
        : Completion.None;

    // The cmdlets' completers ask the tracker, and return nothing while it is unavailable.
    private IEnumerable<string> Ask(string script) =>
        askPowerShell(script, script.Length)?.CompletionMatches
            .Where(match => match.ResultType == CompletionResultType.ParameterValue).Select(match => match.ListItemText) ?? [];

    // An empty word gets no quotation marks: PowerShell would complete the marks.
    private static string Quote(string word) => word.Length == 0 ? "" : $"'{CodeGeneration.EscapeSingleQuotedStringContent(word)}'";

    // In the form that CommandLineWords reads; null if no word of it is this text, which has no escapes.
    private static string? AsWord(string text) =>
        text is not ("" or ['"' or '\'', ..]) && !text.Any(char.IsWhiteSpace) ? text
        : !text.Contains('"', StringComparison.Ordinal) ? $"\"{text}\""
        : !text.Contains('\'', StringComparison.Ordinal) ? $"'{text}'"
        : null;

    /// <summary>The start of the word at the cursor, and the complete words before it.</summary>
    private static int WordStart(string before, out IReadOnlyList<string> words)
    {
        var found = new List<string>();
        var at = 0;
        while (true)
        {
            while (at < before.Length && char.IsWhiteSpace(before[at]))
            {
                at++;
            }

            var start = at;
            var mark = at < before.Length && before[at] is '"' or '\'' ? before[at++] : '\0';
            while (at < before.Length && (mark == '\0' ? !char.IsWhiteSpace(before[at]) : before[at] != mark))
            {
                at++;
            }

            if (at == before.Length)
            {
                words = found;
                return start;
            }

            found.Add(before[start..at].TrimStart('"', '\''));
            at++;
        }
    }

    private static IEnumerable<string> LocalPaths(string typed, bool withFiles)
    {
        var split = typed.LastIndexOfAny([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar]) + 1;
        var (folder, name) = (typed[..split], typed[split..]);
        try
        {
            return [.. new DirectoryInfo(folder.Length == 0 ? "." : folder).EnumerateFileSystemInfos(name + "*")
                .Where(entry => withFiles || entry is DirectoryInfo)
                .Where(entry => entry.Name.StartsWith(name, OperatingSystem.IsWindows() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal))
                .Where(entry => name.StartsWith('.') || !entry.Name.StartsWith('.'))
                .OrderBy(entry => entry.Name, StringComparer.OrdinalIgnoreCase)
                .Select(entry => folder + entry.Name + (entry is DirectoryInfo ? "/" : ""))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return [];
        }
    }
}
