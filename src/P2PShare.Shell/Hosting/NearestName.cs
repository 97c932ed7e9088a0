namespace P2PShare.Shell.Hosting;

/// <summary>Finds the known name that is nearest to a mistyped one.</summary>
public static class NearestName
{
    /// <summary>The name with the smallest edit distance to <paramref name="typed"/>; null if every distance is too large.</summary>
    public static string? Find(string typed, IEnumerable<string> names)
    {
        var allowed = Math.Max(1, typed.Length / 3);
        return names
            .Select(name => (Name: name, Mistakes: Mistakes(typed.ToUpperInvariant(), name.ToUpperInvariant())))
            .Where(found => found.Mistakes <= allowed)
            .OrderBy(found => found.Mistakes)
            .Select(found => found.Name)
            .FirstOrDefault();
    }

    // Optimal string alignment distance: letters missing, extra, wrong, or two adjacent ones exchanged (Damerau-Levenshtein, each letter edited once).
    private static int Mistakes(string a, string b)
    {
        var table = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                table[i, j] = i == 0 ? j : j == 0 ? i : Math.Min(
                    table[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1), Math.Min(table[i - 1, j], table[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    table[i, j] = Math.Min(table[i, j], table[i - 2, j - 2] + 1);
                }
            }
        }

        return table[a.Length, b.Length];
    }
}
