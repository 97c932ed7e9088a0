namespace P2PShare.TrackerHost.Http;

/// <summary>The items of a list that a page has: at most <paramref name="Size"/> of those whose key begins with a prefix, after one of them.</summary>
/// <param name="Prefix">Of the keys; empty: all.</param>
/// <param name="After">The place of the last item of the page before; null: the first page.</param>
/// <param name="AfterKey">Its key.</param>
internal sealed record PageRange(int Size, string Prefix, string? After, string? AfterKey)
{
    // Above every character of a name, and below.
    private const string AboveAll = "\U0010FFFF";
    private const string BelowAll = "\u0001";

    /// <summary>One more than the page has, which shows whether another page follows.</summary>
    public int Limit => Size + 1;

    /// <summary>Keys are below it.</summary>
    public string Until => Prefix + AboveAll;

    /// <summary>Keys are at least that.</summary>
    public string From => AfterKey is null ? Prefix : Following(AfterKey);

    /// <summary>The least name after one: a lower bound that a database finds in an index.</summary>
    public static string Following(string name) => name + BelowAll;

    /// <summary>The page of rows that were read.</summary>
    /// <param name="rows">At most <see cref="Limit"/>, in the order of the list.</param>
    /// <param name="placeOf">What <see cref="PageRequest.After"/> of the next page is, if the row is the last of this one.</param>
    public ListPage<T> ToPage<TRow, T>(IEnumerable<TRow> rows, Func<TRow, T> toItem, Func<T, string> placeOf)
    {
        var items = new List<T>(Size);
        foreach (var row in rows)
        {
            if (items.Count == Size)
            {
                return new ListPage<T>(items, placeOf(items[^1]));
            }

            items.Add(toItem(row));
        }

        return new ListPage<T>(items, null);
    }
}
