namespace P2PShare.TrackerHost.Configuration;

/// <summary>How long sessions last, and how many one user may have.</summary>
internal sealed class UserSessionOptions
{
    /// <summary>How long an unused session lasts; an hour to ten years.</summary>
    [SettingRange("01:00:00", "3650.00:00:00")]
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Sessions of one user; one more ends the one that was not used for longest. 1 to a million.</summary>
    [SettingRange(1, 1_000_000)]
    public int SessionsPerUser { get; set; } = 2000;
}
