using System.Management.Automation.Language;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>A name as a word of a command line. The only place that decides how a completion is written.</summary>
internal static class CompletedWord
{
    /// <summary>
    /// The word that PowerShell reads as one string argument equal to <paramref name="name"/>: the name in single quotes, or bare if it
    /// consists of ASCII letters, digits, <c>.</c>, <c>_</c>, <c>-</c> and <c>/</c> and begins with a letter.
    /// </summary>
    /// <remarks>
    /// Never in double quotes, whatever the user began with: PowerShell ends a double-quoted string at U+201C to U+201E too, and expands
    /// <c>$</c> in it. A bare word that begins with <c>-</c> is a parameter, with a digit a number.
    /// </remarks>
    /// <param name="isQuoted">Whether the user began with a quotation mark.</param>
    public static string Quote(string name, bool isQuoted) => !isQuoted && IsBare(name) ? name : $"'{CodeGeneration.EscapeSingleQuotedStringContent(name)}'";

    /// <summary>What PowerShell reads in an unfinished word, and whether it begins with a quotation mark.</summary>
    public static (string Text, bool IsQuoted) Read(string word)
    {
        if (word.Length == 0 || !IsQuotationMark(word[0]))
        {
            return (word, false);
        }

        // The tokenizer knows every quotation mark and escape, and gives the text of a string that is not closed.
        Parser.ParseInput(word, out var tokens, out _);
        return (tokens is [StringToken { Value: var text } first, ..] && first.Extent.EndOffset == word.Length ? text : word[1..], true);
    }

    // Those of PowerShell's tokenizer: U+2018 to U+201B are single, U+201C to U+201E double quotation marks.
    private static bool IsQuotationMark(char c) => c is '\'' or '"' or (>= '\u2018' and <= '\u201E');

    private static bool IsBare(string name) =>
        name.Length > 0 && char.IsAsciiLetter(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '/');
}
