namespace P2PShare.TrackerHost.Configuration;

/// <summary>When peers announce, and when they count as online.</summary>
internal sealed class PeerOptions
{
    private const int IntervalsUntilOffline = 3;

    /// <summary>How often peers announce; a peer that misses three announces is removed. A second to an hour.</summary>
    [SettingRange("00:00:01", "01:00:00")]
    public TimeSpan AnnounceInterval { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Peers whose last announce is older than this, in Unix seconds, are offline and removed.</summary>
    public long OnlineSince(DateTimeOffset now) => (now - (AnnounceInterval * IntervalsUntilOffline)).ToUnixTimeSeconds();

    /// <summary>Peers whose last announce is older than this, in Unix seconds, are late: they announce once an interval.</summary>
    public long OnTimeSince(DateTimeOffset now) => (now - (AnnounceInterval * 1.5)).ToUnixTimeSeconds();
}
