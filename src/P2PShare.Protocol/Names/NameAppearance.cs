using System.Globalization;
using System.Text;

namespace P2PShare.Protocol.Names;

/// <summary>
/// The rule that a new file name has no part that cannot be seen, so that two names that look the same are the same: no format and
/// default-ignorable characters, and no runs of spaces. Joiners and variation selectors are allowed where a script or an emoji uses them.
/// </summary>
internal static class NameAppearance
{
    private const int Joiner = 0x200D;
    private const int EmojiPresentation = 0xFE0F;
    private const int Keycap = 0x20E3;

    // Default_Ignorable_Code_Point of the Unicode Character Database (DerivedCoreProperties.txt).
    private static readonly CodePointSet DefaultIgnorable = new(
        "AD 34F 61C 115F-1160 17B4-17B5 180B-180F 200B-200F 202A-202E 2060-206F 3164 FE00-FE0F FEFF FFA0 FFF0-FFF8 1BCA0-1BCA3 1D173-1D17A E0000-E0FFF");

    private static readonly CodePointSet Selectors = new("180B-180D 180F FE00-FE0F E0100-E01EF");
    private static readonly CodePointSet Ideographs = new("3400-4DBF 4E00-9FFF F900-FAFF 20000-3FFFF");

    // Scripts with variants in StandardizedVariants.txt that are selected with U+FE00: Myanmar and Phags-pa.
    private static readonly CodePointSet FirstVariant = new("1000-109F A840-A877 AA60-AA7F");

    /// <summary>Why a name that is otherwise right breaks the rule, as the end of a sentence; null if it does not.</summary>
    public static string? FindProblem(string name)
    {
        Rune[] runes = [.. name.EnumerateRunes()];
        for (var i = 0; i < runes.Length; i++)
        {
            var rune = runes[i];
            if (IsSpace(rune))
            {
                if (i + 1 == runes.Length || runes[i + 1].Value == '/')
                {
                    return $"a part of it ends with the space U+{rune.Value:X4}, which is not seen";
                }

                if (IsSpace(runes[i + 1]))
                {
                    return "it has several spaces in a row, which can push the end of a name out of sight";
                }
            }
            else if (rune.Value is 0x200C or Joiner)
            {
                if (!JoinerContext.Allows(runes, i) && !IsEmojiJoiner(runes, i))
                {
                    return $"it contains the invisible joiner U+{rune.Value:X4} in a place where no script and no emoji uses it";
                }
            }
            else if (Selectors.Contains(rune))
            {
                if (!HasVariant(runes, i))
                {
                    return $"it contains the invisible variation selector U+{rune.Value:X4} after a character that has no such variant";
                }
            }
            else if (Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format || DefaultIgnorable.Contains(rune))
            {
                return $"it contains the invisible character U+{rune.Value:X4}, so that two names could look the same";
            }
        }

        return null;
    }

    // U+2800 is braille without dots.
    private static bool IsSpace(Rune rune) => rune.Value == 0x2800 || Rune.GetUnicodeCategory(rune) == UnicodeCategory.SpaceSeparator;

    // An emoji ZWJ sequence: UAX #29, rule GB11.
    private static bool IsEmojiJoiner(ReadOnlySpan<Rune> text, int index)
    {
        if (text[index].Value != Joiner || index + 1 == text.Length || !IsPictographic(text[index + 1]))
        {
            return false;
        }

        var before = index - 1;
        while (before >= 0 && text[before].Value is EmojiPresentation or (>= 0x1F3FB and <= 0x1F3FF))
        {
            before--;
        }

        return before >= 0 && IsPictographic(text[before]);
    }

    private static bool HasVariant(ReadOnlySpan<Rune> text, int index)
    {
        if (index == 0)
        {
            return false;
        }

        var before = text[index - 1];
        return text[index].Value switch
        {
            <= 0x180F => before.Value is >= 0x1807 and <= 0x18AA && Rune.IsLetter(before),
            0xFE00 when FirstVariant.Contains(before) => true,
            <= 0xFE02 or >= 0xE0100 => Ideographs.Contains(before),
            0xFE0E => IsPictographic(before),
            EmojiPresentation => IsPictographic(before)
                || (before.Value is (>= '0' and <= '9') or '#' && index + 1 < text.Length && text[index + 1].Value == Keycap),
            _ => false,
        };
    }

    // Extended_Pictographic, which .NET knows but does not tell: what does not begin a text element after an emoji and a joiner.
    private static bool IsPictographic(Rune rune)
    {
        var sequence = $"\U0001F469\u200D{rune}";
        return StringInfo.GetNextTextElementLength(sequence) == sequence.Length && StringInfo.GetNextTextElementLength($"a{rune}") == 1;
    }
}
