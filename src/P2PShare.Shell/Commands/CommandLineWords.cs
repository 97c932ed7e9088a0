using System.Text;

namespace P2PShare.Shell.Commands;

/// <summary>
/// Splits a line as the original client did: at white space, with every character literal (also <c>\</c>, <c>$</c> and
/// <c>;</c>). A word that begins with a quotation mark ends at the next one, so that a path can have spaces.
/// </summary>
internal static class CommandLineWords
{
    /// <exception cref="ShellException">A quotation mark is not closed.</exception>
    public static IReadOnlyList<string> Split(string line)
    {
        var words = new List<string>();
        var at = 0;
        while (true)
        {
            while (at < line.Length && char.IsWhiteSpace(line[at]))
            {
                at++;
            }

            if (at == line.Length)
            {
                return words;
            }

            words.Add(line[at] is '"' or '\'' ? Quoted(line, ref at) : Bare(line, ref at));
        }
    }

    /// <summary>The first word, unchanged; empty if the line has none.</summary>
    public static string FirstWord(string line) => line.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries).FirstOrDefault("");

    private static string Quoted(string line, ref int at)
    {
        var mark = line[at];
        var end = line.IndexOf(mark, at + 1);
        if (end < 0 || (end + 1 < line.Length && !char.IsWhiteSpace(line[end + 1])))
        {
            throw new ShellException($"The quotation mark {mark} must be closed, and followed by a space or the end of the line.");
        }

        var word = line[(at + 1)..end];
        at = end + 1;
        return word;
    }

    private static string Bare(string line, ref int at)
    {
        var word = new StringBuilder();
        while (at < line.Length && !char.IsWhiteSpace(line[at]))
        {
            word.Append(line[at++]);
        }

        return word.ToString();
    }
}
