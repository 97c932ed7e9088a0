namespace P2PShare.TrackerHost.Configuration;

/// <summary>How long tickets and the keys that sign them last.</summary>
internal sealed class TicketOptions
{
    /// <summary>How long a ticket lasts, and so how long a removed member can still fetch; a minute to a day.</summary>
    [SettingRange("00:01:00", "1.00:00:00")]
    public TimeSpan TicketLifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a key signs tickets before the next one does; a day to ten years.</summary>
    [SettingRange("1.00:00:00", "3650.00:00:00")]
    public TimeSpan TicketKeyLifetime { get; set; } = TimeSpan.FromDays(30);
}
