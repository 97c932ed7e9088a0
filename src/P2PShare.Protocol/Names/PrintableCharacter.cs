using System.Globalization;

namespace P2PShare.Protocol.Names;

/// <summary>Makes hostile text safe to print on a terminal.</summary>
public static class PrintableCharacter
{
    private const int LongestShown = 80;

    /// <summary>The character in quotes if it can be printed, otherwise its code point.</summary>
    public static string Describe(char c) =>
        IsHidden(c) || char.GetUnicodeCategory(c) == UnicodeCategory.OtherNotAssigned
            ? $"the character U+{(int)c:X4}"
            : $"'{c}'";

    /// <summary>The text with every control, format and line-separating character replaced by <c>?</c>, cut at 80 characters.</summary>
    public static string Clean(string? text)
    {
        if (text is null)
        {
            return "";
        }

        var cleaned = string.Concat(text.Take(LongestShown).Select(c => IsHidden(c) ? '?' : c));
        return text.Length > LongestShown ? cleaned + "…" : cleaned;
    }

    private static bool IsHidden(char c) => char.IsSurrogate(c) || char.GetUnicodeCategory(c)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
