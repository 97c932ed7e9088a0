namespace P2PShare.TrackerHost.Configuration;

/// <summary>How many streams of events there may be.</summary>
internal sealed class EventOptions
{
    /// <summary>Streams of events that one user has open at one instance; 1 to 1000000.</summary>
    [SettingRange(1, 1_000_000)]
    public int EventStreamsPerUser { get; set; } = 2_000;

    /// <summary>
    /// Streams of requests to dial that all peers have open at one instance; 0 to 1000000. A peer beyond it is not asked to dial.
    /// </summary>
    [SettingRange(0, 1_000_000)]
    public int DialStreams { get; set; } = 20_000;

    /// <summary>Streams of requests to dial that one user's peers have open at one instance; 1 to 1000000.</summary>
    [SettingRange(1, 1_000_000)]
    public int DialStreamsPerUser { get; set; } = 2_000;
}
