using System.Management.Automation;
using System.Text;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>Selects from a list by a name that may have wildcards.</summary>
internal static class NameMatch
{
    // Longer than most names: what is left out only makes the tracker send more.
    private const int MaxPrefix = 128;

    /// <summary>Whether a name has wildcards, so that finding nothing is not an error.</summary>
    public static bool IsPattern(string name) => WildcardPattern.ContainsWildcardCharacters(name);

    public static bool IsMatch(string name, string pattern) => Matcher(pattern)(name);

    /// <summary>Whether a name is the one that is wanted, matches its wildcards, or differs from it only in case.</summary>
    public static Func<string, bool> Matcher(string wanted)
    {
        if (!IsPattern(wanted))
        {
            return name => string.Equals(name, wanted, StringComparison.OrdinalIgnoreCase);
        }

        var pattern = Compile(wanted);
        // A file can have the name "a[1].txt".
        return name => name == wanted || pattern.IsMatch(name);
    }

    /// <summary>How every name begins that a name or pattern selects: what a tracker is asked for.</summary>
    public static string Prefix(string wanted) => Prefix(wanted, IsPattern(wanted) ? wanted.AsSpan().IndexOfAny("*?[`") : -1);

    /// <summary>The same of a name that is meant as it is written.</summary>
    public static string LiteralPrefix(string name) => Prefix(name, -1);

    /// <returns>The items with exactly this name; if there is none, those that match the wildcards or that differ only in case.</returns>
    public static IReadOnlyList<T> Select<T>(IEnumerable<T> items, string name, Func<T, string> nameOf)
    {
        var all = items as IReadOnlyCollection<T> ?? [.. items];
        var exact = all.Where(item => nameOf(item) == name).ToList();
        if (exact.Count > 0)
        {
            return exact;
        }

        var isMatch = Matcher(name);
        return [.. all.Where(item => isMatch(nameOf(item)))];
    }

    private static WildcardPattern Compile(string pattern) => WildcardPattern.Get(pattern, WildcardOptions.IgnoreCase | WildcardOptions.CultureInvariant);

    private static string Prefix(string text, int end)
    {
        var prefix = new StringBuilder();
        foreach (var rune in (end < 0 ? text : text[..end]).EnumerateRunes())
        {
            // No name has them, and a tracker refuses to look for them.
            if (Rune.IsControl(rune) || rune == Rune.ReplacementChar || prefix.Length >= MaxPrefix)
            {
                break;
            }

            prefix.Append(rune.ToString());
        }

        return prefix.ToString();
    }
}
