using System.Text.Json;

namespace P2PShare.Protocol.Tracker;

/// <summary>
/// Refuses <c>null</c> among the items of a received list: the serialiser respects nullable annotations for members only,
/// so <c>[null]</c> would pass.
/// </summary>
internal static class NotNullItems
{
    /// <exception cref="JsonException">The list or one of its items is null.</exception>
    public static IReadOnlyList<T> Check<T>(IReadOnlyList<T>? items)
        where T : class =>
        items is not null && items.All(item => item is not null) ? items : throw new JsonException("A list, or an item in one, is null.");
}
