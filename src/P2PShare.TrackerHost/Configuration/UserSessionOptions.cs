namespace P2PShare.TrackerHost.Configuration;

/// <summary>How long sessions last.</summary>
internal sealed class UserSessionOptions
{
    /// <summary>How long an unused session lasts; an hour to ten years.</summary>
    [SettingRange("01:00:00", "3650.00:00:00")]
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromDays(30);
}
