namespace P2PShare.Transfer.Sharing;

/// <summary>Names in a sentence.</summary>
internal static class NameList
{
    private const int MaxNamed = 3;

    /// <summary>The first names, and how many more there are.</summary>
    public static string Join(IReadOnlyList<string> names) => names.Count > MaxNamed
        ? $"{string.Join(", ", names.Take(MaxNamed))} and {names.Count - MaxNamed} more"
        : string.Join(", ", names);
}
