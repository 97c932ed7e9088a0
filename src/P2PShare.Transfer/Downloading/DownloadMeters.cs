using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Transfer.Downloading;

/// <summary>What is measured of one session of a download.</summary>
internal sealed class DownloadMeters(TimeProvider clock)
{
    /// <summary>Counts bytes as they arrive, whether they turn out right or not.</summary>
    public SpeedMeter Speed { get; } = new(clock);

    public DownloadTimings Timings { get; } = new(clock);
}
