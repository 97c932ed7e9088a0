using System.Diagnostics;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>How fast a number of bytes grows, smoothed over some seconds.</summary>
internal sealed class Rate
{
    // An e-folding time: old speed fades, a moment's stall does not make the time left jump.
    private const double Seconds = 3;

    private long _timestamp = Stopwatch.GetTimestamp();
    private long _bytes;
    private bool _measured;

    public double BytesPerSecond { get; private set; }

    public void Update(long bytes)
    {
        var now = Stopwatch.GetTimestamp();
        var elapsed = Stopwatch.GetElapsedTime(_timestamp, now).TotalSeconds;
        if (elapsed <= 0)
        {
            return;
        }

        var speed = Math.Max(0, bytes - _bytes) / elapsed;
        var weight = _measured ? 1 - Math.Exp(-elapsed / Seconds) : 1;
        BytesPerSecond += weight * (speed - BytesPerSecond);
        (_timestamp, _bytes, _measured) = (now, bytes, true);
    }

    /// <summary>Seconds until <paramref name="bytes"/> more have come; null while it cannot be told.</summary>
    public int? SecondsFor(long bytes) => BytesPerSecond > 0 ? (int)Math.Min(bytes / BytesPerSecond, int.MaxValue) : null;
}
