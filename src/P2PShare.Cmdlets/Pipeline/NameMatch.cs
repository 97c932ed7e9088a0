using System.Management.Automation;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>Picks from a list by a name that a person typed, which may have wildcards.</summary>
internal static class NameMatch
{
    /// <summary>Whether finding nothing is an answer and not an error.</summary>
    public static bool IsPattern(string name) => WildcardPattern.ContainsWildcardCharacters(name);

    public static bool IsMatch(string name, string pattern) => Select([name], pattern, candidate => candidate).Count > 0;

    /// <returns>The one of exactly this name; else, with wildcards, those that match; else the one that differs in case only.</returns>
    public static IReadOnlyList<T> Select<T>(IEnumerable<T> items, string name, Func<T, string> nameOf)
    {
        var all = items as IReadOnlyCollection<T> ?? [.. items];
        var exact = all.Where(item => nameOf(item) == name).ToList();
        if (exact.Count > 0)
        {
            // A file may really be called "a[1].txt".
            return exact;
        }

        if (IsPattern(name))
        {
            var pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase | WildcardOptions.CultureInvariant);
            return [.. all.Where(item => pattern.IsMatch(nameOf(item)))];
        }

        return [.. all.Where(item => string.Equals(nameOf(item), name, StringComparison.OrdinalIgnoreCase))];
    }
}
