namespace P2PShare.TrackerHost.Access;

/// <summary>A session and its user.</summary>
// Properties, not a constructor: SQLite does not report the types of a result without rows, which a constructor is chosen by.
internal sealed class StoredSession
{
    public required string TokenHash { get; init; }

    public required string SessionGuid { get; init; }

    public required long UserId { get; init; }

    public required string UserGuid { get; init; }

    public required string UserName { get; init; }

    public required long LastUsed { get; init; }
}
