using System.Globalization;

namespace P2PShare.Unit.Protocol;

internal static class Printable
{
    /// <summary>Fails where a text could act on a terminal instead of being shown.</summary>
    public static void Check(string message) => Assert.DoesNotContain(message, c => char.IsSurrogate(c) || char.GetUnicodeCategory(c)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
