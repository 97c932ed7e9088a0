namespace P2PShare.Shell.Hosting;

/// <summary>Finds what somebody may have meant.</summary>
public static class NearestName
{
    /// <summary>The name that takes the fewest mistakes to become <paramref name="typed"/>; null where all are too far from it.</summary>
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

    // Letters missing, too many, wrong, or two exchanged (Damerau and Levenshtein's distance, each letter used once).
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
