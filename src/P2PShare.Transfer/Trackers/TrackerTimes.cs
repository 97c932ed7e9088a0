namespace P2PShare.Transfer.Trackers;

/// <summary>How long a call to the trackers of a session waits, and for what.</summary>
internal sealed record TrackerTimes
{
    public static TrackerTimes Default { get; } = new();

    /// <summary>For one connection, TLS included.</summary>
    public TimeSpan Connecting { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>For one answer. Logins wait for others' passwords to be hashed, so it is long.</summary>
    public TimeSpan Answering { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>For any sign of life while an answer is waited for: a machine that lost its power says nothing. At least a second.</summary>
    public TimeSpan Silent { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Where no tracker answers, all of them are asked again as long as that is so for less than this.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Bound of the first pause between rounds over all trackers.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Bound of every pause between rounds.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(4);
}
