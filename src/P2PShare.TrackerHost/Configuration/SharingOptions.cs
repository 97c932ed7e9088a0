namespace P2PShare.TrackerHost.Configuration;

/// <summary>Quotas of files, and how long a replaced content stays.</summary>
internal sealed class SharingOptions
{
    /// <summary>Files that one user shares, in all groups together; 0 to a billion.</summary>
    [SettingRange(0, 1_000_000_000)]
    public int FilesPerUser { get; set; } = 100_000;

    /// <summary>Files of one group; 0 to a billion.</summary>
    [SettingRange(0, 1_000_000_000)]
    public int FilesPerGroup { get; set; } = 100_000;

    /// <summary>Earlier versions of one name that members find by their number; 0 to 10. They count as files of the user who shared them, and of the group.</summary>
    [SettingRange(0, 10)]
    public int VersionsPerFile { get; set; } = 3;

    /// <summary>How long a replaced content can still be fetched; 0 to 30 days.</summary>
    [SettingRange("00:00:00", "30.00:00:00")]
    public TimeSpan ReplacedContentLifetime { get; set; } = TimeSpan.FromHours(6);
}
