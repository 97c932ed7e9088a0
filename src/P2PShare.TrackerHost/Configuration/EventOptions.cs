namespace P2PShare.TrackerHost.Configuration;

/// <summary>How many streams of events there may be.</summary>
internal sealed class EventOptions
{
    /// <summary>Streams of events that one user has open at one instance; 1 to 1000000.</summary>
    [SettingRange(1, 1_000_000)]
    public int EventStreamsPerUser { get; set; } = 2_000;
}
