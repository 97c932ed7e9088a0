namespace P2PShare.TrackerHost.Configuration;

/// <summary>How the tracker ends.</summary>
internal sealed class LifetimeOptions
{
    /// <summary>How long a tracker that shuts down reports that it is not ready and still takes requests; 0 to 5 minutes.</summary>
    [SettingRange("00:00:00", "00:05:00")]
    public TimeSpan DrainTime { get; set; }

    /// <summary>How long requests under way may take until they are cut off; a second to 5 minutes.</summary>
    [SettingRange("00:00:01", "00:05:00")]
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether the tracker ends when its standard input does, and not at Ctrl+C: for a shell that runs it.</summary>
    public bool StopAtEndOfInput { get; set; }
}
