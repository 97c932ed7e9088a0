namespace P2PShare.Protocol.Tracker;

/// <summary>The most items that a list of a request has. A reader refuses a longer one as soon as it has read that many.</summary>
/// <param name="count">At least 1.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class MaxItemsAttribute(int count) : Attribute
{
    public int Count => count;

    /// <summary>A sentence about what to do instead; null if there is nothing.</summary>
    public string? Advice { get; init; }
}
