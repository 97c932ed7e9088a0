using System.Globalization;
using System.Text;

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

    /// <summary>
    /// The text with what could act on a terminal replaced by U+FFFD: control characters (ESC and C1 too), direction controls, line and
    /// paragraph separators, and what is not a character. No valid name contains any of them, so that names stay what they are.
    /// </summary>
    public static string Defuse(string text) => !text.AsSpan().ContainsAnyExceptInRange(' ', '~') || text.All(IsHarmless) && IsWellFormed(text) ? text : ReplaceHarmful(text);

    // Unicode's Bidi_Control: with them "gpj.exe" can be made to look like "exe.jpg".
    internal static bool IsDirectionControl(char c) =>
        c is '\u061C' or '\u200E' or '\u200F' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');

    private static bool IsHarmless(char c) => !char.IsControl(c) && !IsDirectionControl(c) && c is not ('\u2028' or '\u2029' or '\uFFFE' or '\uFFFF');

    private static bool IsWellFormed(string text) => !text.EnumerateRunes().Contains(Rune.ReplacementChar);

    // EnumerateRunes gives U+FFFD for half of a surrogate pair.
    private static string ReplaceHarmful(string text) =>
        string.Concat(text.EnumerateRunes().Select(rune => (rune.IsBmp && !IsHarmless((char)rune.Value) ? Rune.ReplacementChar : rune).ToString()));

    private static bool IsHidden(char c) => char.IsSurrogate(c) || char.GetUnicodeCategory(c)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
