using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using ADRaffy.ENSNormalize;

namespace P2PShare.Protocol.Names;

/// <summary>
/// The OpaqueString profile of RFC 8265 for passwords, so that a password is the same however a keyboard composes its characters:
/// spaces outside ASCII become U+0020, then Unicode normalization form C; control characters, half surrogate pairs and noncharacters are
/// refused, and an empty one. Code points that Unicode has not assigned are let through: which they are depends on the system's tables.
/// </summary>
public static class OpaqueString
{
    /// <returns>The prepared password, or why there is none, as a sentence that shows nothing of it.</returns>
    public static (string? Prepared, string? Problem) Prepare(string password)
    {
        var buffer = ArrayPool<char>.Shared.Rent(MaxLength(password));
        var problem = TryPrepare(password, buffer, out var written);
        var prepared = problem is null ? new string(buffer, 0, written) : null;
        ArrayPool<char>.Shared.Return(buffer, clearArray: true);
        return (prepared, problem);
    }

    /// <summary>Characters that the prepared form of a password may have: a buffer of this length is always enough.</summary>
    // Normalization form C makes a text at most three times as long (Unicode Standard Annex 15, section 9).
    public static int MaxLength(ReadOnlySpan<char> password) => password.Length * 3;

    /// <summary>The same without a string, for a caller that wipes its buffers.</summary>
    /// <param name="prepared">At least <see cref="MaxLength"/>. A part of it may be written even if there is a problem.</param>
    /// <returns>Why there is no prepared form, as a sentence that shows nothing of the password; null if there is one.</returns>
    public static string? TryPrepare(ReadOnlySpan<char> password, Span<char> prepared, out int written)
    {
        written = 0;
        if (password.IsEmpty)
        {
            return "The password is empty.";
        }

        // Runes, with room for all: it is wiped at the end, and so must not grow.
        var runes = new List<int>(password.Length);
        List<int>? composed = null;
        try
        {
            for (var rest = password; !rest.IsEmpty;)
            {
                if (Rune.DecodeFromUtf16(rest, out var rune, out var length) != OperationStatus.Done)
                {
                    return "The password contains half of a surrogate pair.";
                }

                var category = Rune.GetUnicodeCategory(rune);
                if (category == UnicodeCategory.Control)
                {
                    return "The password contains a control character, such as a tab or a line break.";
                }

                if ((rune.Value & 0xFFFE) == 0xFFFE || rune.Value is >= 0xFDD0 and <= 0xFDEF)
                {
                    return "The password contains a code point that is not a character.";
                }

                runes.Add(category == UnicodeCategory.SpaceSeparator ? ' ' : rune.Value);
                rest = rest[length..];
            }

            // Not the framework's: the programs run without the system's tables, and every tracker has to come to the same result.
            composed = runes.TrueForAll(rune => rune < 0x80) ? runes : ENSNormalize.NF.NFC(runes);
            foreach (var rune in composed)
            {
                written += new Rune(rune).EncodeToUtf16(prepared[written..]);
            }

            return null;
        }
        finally
        {
            CollectionsMarshal.AsSpan(runes).Clear();
            CollectionsMarshal.AsSpan(composed).Clear();
        }
    }
}
