using System.Diagnostics;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>How fast a number of bytes grows, smoothed over some seconds.</summary>
internal sealed class Rate
{
    // An e-folding time: old speed fades, a moment's stall does not make the time left jump.
    private const double Seconds = 3;

    private readonly long _start = Stopwatch.GetTimestamp();
    private long _timestamp = Stopwatch.GetTimestamp();
    private long _bytes;
    private double _recent;

    public double BytesPerSecond { get; private set; }

    public void Update(long bytes)
    {
        var now = Stopwatch.GetTimestamp();
        _recent = _recent * Math.Exp(-Stopwatch.GetElapsedTime(_timestamp, now).TotalSeconds / Seconds) + Math.Max(0, bytes - _bytes);
        (_timestamp, _bytes) = (now, bytes);
        // At the beginning less than an e-folding time has passed: what came is spread over what has passed.
        var window = Seconds * (1 - Math.Exp(-Stopwatch.GetElapsedTime(_start, now).TotalSeconds / Seconds));
        BytesPerSecond = window < 0.001 ? 0 : _recent / window;
    }

    /// <summary>Seconds until <paramref name="bytes"/> more have come; null while it cannot be told.</summary>
    public int? SecondsFor(long bytes) => BytesPerSecond > 0 ? (int)Math.Min(bytes / BytesPerSecond, int.MaxValue) : null;
}
