namespace P2PShare.Support;

internal static class ListReading
{
    /// <summary>Reads all pages of a list of a tracker.</summary>
    public static async Task<IReadOnlyList<T>> ReadAllAsync<T>(this IAsyncEnumerable<T> list) => await list.ToListAsync();
}
