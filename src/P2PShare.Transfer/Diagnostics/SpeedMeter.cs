namespace P2PShare.Transfer.Diagnostics;

/// <summary>Bytes a second, smoothed over about three seconds. Safe for concurrent use.</summary>
public sealed class SpeedMeter(TimeProvider clock)
{
    // An e-folding time, in seconds: old speed fades, and a short stall does not make the time left jump.
    private const double TimeConstant = 3;

    private readonly Lock _lock = new();
    private readonly long _start = clock.GetTimestamp();
    private long _last = clock.GetTimestamp();
    private double _decayedBytes;
    private long _total;

    /// <summary>Bytes since it was created.</summary>
    public long Total => Volatile.Read(ref _total);

    /// <summary>Now; 0 before anything was counted.</summary>
    public double BytesPerSecond
    {
        get
        {
            lock (_lock)
            {
                Decay();
                // Before one time constant has passed, the bytes are divided by the time that has passed.
                var window = TimeConstant * (1 - Math.Exp(-clock.GetElapsedTime(_start).TotalSeconds / TimeConstant));
                return window < 0.001 ? 0 : _decayedBytes / window;
            }
        }
    }

    /// <summary>Counts bytes.</summary>
    public void Add(long bytes)
    {
        lock (_lock)
        {
            Decay();
            _decayedBytes += bytes;
            Volatile.Write(ref _total, _total + bytes);
        }
    }

    private void Decay()
    {
        var now = clock.GetTimestamp();
        _decayedBytes *= Math.Exp(-clock.GetElapsedTime(_last, now).TotalSeconds / TimeConstant);
        _last = now;
    }
}
