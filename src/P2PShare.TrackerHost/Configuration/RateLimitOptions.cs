namespace P2PShare.TrackerHost.Configuration;

/// <summary>How often one user or one address can call. An IPv6 /64 is one address.</summary>
internal sealed class RateLimitOptions
{
    /// <summary>Logins from one address in a minute; 1 to 1000000.</summary>
    [SettingRange(1, 1_000_000)]
    public int LoginsPerMinute { get; set; } = 600;

    /// <summary>Attempts to create an account from one address in a minute; 1 to 1000000.</summary>
    [SettingRange(1, 1_000_000)]
    public int NewUsersPerMinute { get; set; } = 300;

    /// <summary>Requests of one user in a minute, or of one address for requests without a session; 1 to 10000000.</summary>
    [SettingRange(1, 10_000_000)]
    public int RequestsPerMinute { get; set; } = 60_000;

    /// <summary>Announces of one user's peers in a minute; 1 to 10000000.</summary>
    [SettingRange(1, 10_000_000)]
    public int AnnouncesPerMinute { get; set; } = 120_000;

    /// <summary>Requests of one user that a source dials a peer, in a minute; 1 to 10000000.</summary>
    [SettingRange(1, 10_000_000)]
    public int DialRequestsPerMinute { get; set; } = 3_000;

    /// <summary>Requests of all users together that a source dials a peer, in a minute; 1 to 10000000.</summary>
    [SettingRange(1, 10_000_000)]
    public int TotalDialRequestsPerMinute { get; set; } = 60_000;
}
