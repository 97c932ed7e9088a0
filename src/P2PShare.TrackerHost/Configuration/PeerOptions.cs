namespace P2PShare.TrackerHost.Configuration;

/// <summary>When peers announce, when they count as online, and how many peers and holdings one user may have.</summary>
internal sealed class PeerOptions
{
    // Of what peers are told at most under load, peers that are silent for twice as long are offline.
    private const double LongestIntervals = 1.5;
    private const int IntervalsUntilLate = 2;
    private const int IntervalsUntilOffline = 3;

    /// <summary>How often peers announce; a peer that is silent for three intervals is removed. A second to an hour.</summary>
    [SettingRange("00:00:01", "01:00:00")]
    public TimeSpan AnnounceInterval { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Peers of one user that are online and hold something in one group; 1 to a million.</summary>
    [SettingRange(1, 1_000_000)]
    public int PeersPerUserAndGroup { get; set; } = 64;

    /// <summary>Peers of one user that are online; 1 to a million.</summary>
    [SettingRange(1, 1_000_000)]
    public int PeersPerUser { get; set; } = 2_000;

    /// <summary>Contents that the peers of one user hold, each counted for each peer and group; 1 to a billion.</summary>
    [SettingRange(1, 1_000_000_000)]
    public int HoldingsPerUser { get; set; } = 200_000;

    /// <summary>The longest time until the next announce that a peer is told, when the tracker has much to do.</summary>
    public TimeSpan LongestInterval => AnnounceInterval * LongestIntervals;

    /// <summary>Peers whose last announce is older than this, in Unix seconds, are offline and removed.</summary>
    public long OnlineSince(DateTimeOffset now) => (now - (AnnounceInterval * IntervalsUntilOffline)).ToUnixTimeSeconds();

    /// <summary>Peers whose last announce is older than this, in Unix seconds, are late: none is told to wait that long.</summary>
    public long OnTimeSince(DateTimeOffset now) => (now - (AnnounceInterval * IntervalsUntilLate)).ToUnixTimeSeconds();
}
