namespace P2PShare.Transfer.Trackers;

/// <summary>How long a call to the trackers of a session waits, and for what.</summary>
internal sealed record TrackerTimeouts
{
    public static TrackerTimeouts Default { get; } = new();

    /// <summary>For one connection, TLS included.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>For one response. It is long because a login waits until the passwords of other logins are hashed.</summary>
    public TimeSpan Response { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>After this time without a byte from the tracker a ping finds out whether its machine is still there. At least a second.</summary>
    public TimeSpan Ping { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>While no tracker answers, all of them are asked again for this long.</summary>
    public TimeSpan Retry { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Upper bound of the first delay between rounds over all trackers.</summary>
    public TimeSpan FirstRetryDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Upper bound of every delay between rounds.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(4);
}
