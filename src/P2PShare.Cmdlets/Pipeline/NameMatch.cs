using System.Management.Automation;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>Selects from a list by a name that may have wildcards.</summary>
internal static class NameMatch
{
    /// <summary>Whether a name has wildcards, so that finding nothing is not an error.</summary>
    public static bool IsPattern(string name) => WildcardPattern.ContainsWildcardCharacters(name);

    public static bool IsMatch(string name, string pattern) => Select([name], pattern, candidate => candidate).Count > 0;

    /// <returns>The items with exactly this name; if there is none, those that match the wildcards or that differ only in case.</returns>
    public static IReadOnlyList<T> Select<T>(IEnumerable<T> items, string name, Func<T, string> nameOf)
    {
        var all = items as IReadOnlyCollection<T> ?? [.. items];
        var exact = all.Where(item => nameOf(item) == name).ToList();
        if (exact.Count > 0)
        {
            // A file can have the name "a[1].txt".
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
