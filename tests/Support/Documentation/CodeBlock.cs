using System.Text.RegularExpressions;

namespace P2PShare.Support;

/// <summary>A code block of a page.</summary>
/// <param name="Page">Path below the repository.</param>
/// <param name="Line">The block's first line, from 1.</param>
/// <param name="Marks">The words after the fence: the language, then how to treat the block. Empty if the block is only indented.</param>
/// <param name="Section">The heading above it, without its signs.</param>
internal sealed partial record CodeBlock(string Page, int Line, string Section, IReadOnlyList<string> Marks, string Text)
{
    public string Language => Marks.Count > 0 ? Marks[0] : "";

    public bool Runs => Marks.Contains("run");

    /// <summary>The user who types it, if a page has several.</summary>
    public string Person => Marks.FirstOrDefault(mark => mark.StartsWith("as=", StringComparison.Ordinal))?[3..] ?? "me";

    public string FirstLine => Text.Split('\n')[0].Trim();

    public override string ToString() => $"{Page}:{Line} ({FirstLine})";

    public static IEnumerable<CodeBlock> Read(string repository, string page)
    {
        var lines = File.ReadAllLines(Path.Combine(repository, page));
        var (inList, section) = (false, "");
        for (var at = 0; at < lines.Length; at++)
        {
            var start = at;
            if (lines[at].StartsWith("```", StringComparison.Ordinal))
            {
                at = Array.FindIndex(lines, at + 1, line => line.StartsWith("```", StringComparison.Ordinal));
                Assert.True(at > 0, $"{page}:{start + 1} begins a block that never ends.");
                yield return new CodeBlock(page, start + 1, section, lines[start][3..].Split(' ', StringSplitOptions.RemoveEmptyEntries), string.Join('\n', lines[(start + 1)..at]));
            }
            else if (lines[at].StartsWith("    ", StringComparison.Ordinal) && !inList && (at == 0 || lines[at - 1].Length == 0))
            {
                at = Array.FindIndex(lines, at, line => line.Length > 0 && !line.StartsWith("    ", StringComparison.Ordinal)) is var end and > 0 ? end - 1 : lines.Length - 1;
                yield return new CodeBlock(page, start + 1, section, [], string.Join('\n', lines[start..(at + 1)].Select(line => line.Trim())));
            }
            else if (lines[at].Length > 0 && lines[at][0] != ' ')
            {
                inList = ListItem().IsMatch(lines[at]);
                section = lines[at][0] == '#' ? lines[at].TrimStart('#').Trim() : section;
            }
        }
    }

    [GeneratedRegex(@"^([-*]|\d+\.) ")]
    private static partial Regex ListItem();
}
