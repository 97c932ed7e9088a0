namespace P2PShare.TrackerHost.Configuration;

/// <summary>Quotas of groups and their members.</summary>
internal sealed class GroupOptions
{
    /// <summary>Groups that one user owns; 0 to a billion.</summary>
    [SettingRange(0, 1_000_000_000)]
    public int GroupsPerUser { get; set; } = 1_000;

    /// <summary>Members of one group, its owner included; 1 to a billion.</summary>
    [SettingRange(1, 1_000_000_000)]
    public int MembersPerGroup { get; set; } = 10_000;

    /// <summary>Unanswered join requests of one user; 0 to a billion.</summary>
    [SettingRange(0, 1_000_000_000)]
    public int JoinRequestsPerUser { get; set; } = 1_000;
}
