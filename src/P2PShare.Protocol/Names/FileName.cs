using System.Buffers;
using System.Text;

namespace P2PShare.Protocol.Names;

/// <summary>
/// The rule of a file's name in a group: a relative path of one or more segments separated by <c>/</c> that every
/// supported system can store, and without invisible characters (<see cref="NameAppearance"/>). All of it is checked when a file is
/// shared, here and by the tracker; on arrival only what matters to a path, so that older names can still be received.
/// </summary>
public static class FileName
{
    /// <summary>Greatest length of the whole name in bytes of UTF-8.</summary>
    public const int MaxBytes = 1024;

    /// <summary>
    /// Greatest length of one segment in bytes of UTF-8: the 255 that common file systems store, less
    /// <see cref="PartSuffix"/>.
    /// </summary>
    public const int MaxSegmentBytes = 255 - 8;

    /// <summary>What an unfinished download is called: the name with this behind it.</summary>
    public const string PartSuffix = ".p2ppart";

    private static readonly SearchValues<char> Forbidden = SearchValues.Create("\\:*?\"<>|");

    private static readonly bool HasNormalizationTables = !"e\u0301".IsNormalized(NormalizationForm.FormC);

    private static readonly SearchValues<char> Decomposed = SearchValues.Create(
        [.. Range('\u0300', '\u0345'), .. Range('\u1161', '\u11C2'), '\u2126', '\u212A', '\u212B', '\u3099', '\u309A',
         .. Range('\uF900', '\uFAFF')]);

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    // https://learn.microsoft.com/windows/win32/fileio/naming-a-file
    private static readonly HashSet<string> Reserved = new(
        ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$",
         .. "0123456789¹²³".Select(digit => $"COM{digit}"), .. "0123456789¹²³".Select(digit => $"LPT{digit}")],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Checks the name of a file that is shared.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidFileName"/>, with the reason.</exception>
    public static void Check(string? name) => ThrowIf(FindProblem(name), name);

    /// <summary>Checks a name that becomes a path: one that was shared under an earlier rule may pass.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidFileName"/>, with the reason.</exception>
    public static void CheckPath(string? name) => ThrowIf(FindPathProblem(name), name);

    /// <summary>
    /// What names are listed and searched by: the name without the differences of case. Names that one way or the other of comparing without
    /// regard to case takes for the same have the same key: the Kelvin sign has that of <c>k</c>.
    /// </summary>
    public static string Key(string name)
    {
        if (Ascii.IsValid(name))
        {
            return name.ToUpperInvariant();
        }

        var key = new StringBuilder(name.Length);
        foreach (var rune in name.EnumerateRunes())
        {
            key.Append(Key(rune).ToString());
        }

        return key.ToString();
    }

    /// <summary>The key of one character.</summary>
    public static Rune Key(Rune character) => Rune.ToUpperInvariant(Rune.ToLowerInvariant(character));

    /// <summary>Why <paramref name="name"/> breaks the rule, as the end of a sentence; null if it does not.</summary>
    public static string? FindProblem(string? name) => FindPathProblem(name) ?? NameAppearance.FindProblem(name!);

    private static void ThrowIf(string? problem, string? name)
    {
        if (problem is not null)
        {
            throw new P2PShareException(
                ErrorCode.InvalidFileName, $"'{PrintableCharacter.Clean(name)}' is not a valid file name: {problem}.");
        }
    }

    private static string? FindPathProblem(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return "it is empty";
        }

        if (name.Length > MaxBytes)
        {
            return $"it is longer than {MaxBytes} bytes";
        }

        try
        {
            if (StrictUtf8.GetByteCount(name) > MaxBytes)
            {
                return $"it is longer than {MaxBytes} bytes";
            }
        }
        catch (EncoderFallbackException)
        {
            return "it contains half of a surrogate pair";
        }

        foreach (var c in name)
        {
            if (char.IsControl(c))
            {
                return $"it contains the control character U+{(int)c:X4}";
            }

            if (PrintableCharacter.IsDirectionControl(c))
            {
                return $"it contains U+{(int)c:X4}, which changes the direction in which text is shown";
            }

            if (c is '\u2028' or '\u2029' or '\uFFFE' or '\uFFFF')
            {
                return $"it contains U+{(int)c:X4}, which is not a character of a name";
            }
        }

        if (name.AsSpan().IndexOfAny(Forbidden) is var at and >= 0)
        {
            return $"it contains '{name[at]}', which not every system can store; separate folders with '/'";
        }

        if (!IsFormC(name))
        {
            return "it is not in Unicode normalization form C, so the same name could be written in two ways";
        }

        foreach (var segment in name.Split('/'))
        {
            if (FindSegmentProblem(segment) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    private static IEnumerable<char> Range(char first, char last) => Enumerable.Range(first, last - first + 1).Select(code => (char)code);

    private static string? FindSegmentProblem(string segment)
    {
        if (segment.Length == 0)
        {
            return "it begins or ends with '/' or has two in a row";
        }

        if (segment is "." or "..")
        {
            return $"it contains the folder '{segment}'";
        }

        if (Encoding.UTF8.GetByteCount(segment) > MaxSegmentBytes)
        {
            return $"one of its parts is longer than {MaxSegmentBytes} bytes";
        }

        if (segment[^1] is '.' or ' ')
        {
            return $"'{PrintableCharacter.Clean(segment)}' ends with a {(segment[^1] == '.' ? "dot" : "space")}, which Windows cannot store";
        }

        // Not even a folder: it would take the place of a neighbour's part file.
        if (segment.EndsWith(PartSuffix, StringComparison.OrdinalIgnoreCase))
        {
            return $"a part of it ends with {PartSuffix}, which marks an unfinished download";
        }

        var dot = segment.IndexOf('.', StringComparison.Ordinal);
        var stem = (dot < 0 ? segment : segment[..dot]).TrimEnd(' ');
        return Reserved.Contains(stem) ? $"'{stem}' is a reserved device name on Windows" : null;
    }

    // A process in invariant globalization mode has no tables and takes every text for normalized. There the marks,
    // jamo and doubles that decomposed names are made of in practice are refused instead.
    private static bool IsFormC(string name) => HasNormalizationTables
        ? name.IsNormalized(NormalizationForm.FormC)
        : !name.AsSpan().ContainsAny(Decomposed);
}
