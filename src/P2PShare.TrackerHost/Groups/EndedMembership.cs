namespace P2PShare.TrackerHost.Groups;

/// <summary>A membership that ended.</summary>
// Properties, not a constructor: SQLite does not report the types of a result without rows, which a constructor is chosen by.
internal sealed record EndedMembership
{
    public required long GroupId { get; init; }

    public required string GroupName { get; init; }

    public required long UserId { get; init; }

    public required string UserName { get; init; }

    /// <summary>Unix seconds.</summary>
    public required long Ended { get; init; }
}
