using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Transfer.Downloading;

/// <summary>What is measured of one session of a download.</summary>
internal sealed class DownloadMeters(TimeProvider clock)
{
    private long _bytesReused;
    private long _bytesZero;

    /// <summary>Counts bytes as they arrive, whether they turn out right or not.</summary>
    public SpeedMeter Speed { get; } = new(clock);

    /// <summary>Bytes that this side had already: in the file that is replaced, or under another name.</summary>
    public long BytesReused => Interlocked.Read(ref _bytesReused);

    /// <summary>Bytes that are zeros, and were not asked for.</summary>
    public long BytesZero => Interlocked.Read(ref _bytesZero);

    public DownloadTimings Timings { get; } = new(clock);

    public void AddReused(long bytes) => Interlocked.Add(ref _bytesReused, bytes);

    public void AddZero(long bytes) => Interlocked.Add(ref _bytesZero, bytes);
}
