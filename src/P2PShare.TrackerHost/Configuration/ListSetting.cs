namespace P2PShare.TrackerHost.Configuration;

/// <summary>A setting with several values, separated by commas.</summary>
internal static class ListSetting
{
    public static string[] Split(string? list) => (list ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
