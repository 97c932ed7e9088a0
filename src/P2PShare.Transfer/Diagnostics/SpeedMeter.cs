namespace P2PShare.Transfer.Diagnostics;

/// <summary>Bytes a second, smoothed over about three seconds. Safe for concurrent use.</summary>
public sealed class SpeedMeter(TimeProvider clock)
{
    private const double TimeConstant = 3;

    private readonly Lock _lock = new();
    private readonly long _start = clock.GetTimestamp();
    private long _last = clock.GetTimestamp();
    private double _decayedBytes;
    private long _total;

    /// <summary>Bytes since it was made.</summary>
    public long Total => Volatile.Read(ref _total);

    public double BytesPerSecond
    {
        get
        {
            lock (_lock)
            {
                Decay();
                // At the beginning less than a time constant has passed: what came is spread over what has passed.
                var window = TimeConstant * (1 - Math.Exp(-clock.GetElapsedTime(_start).TotalSeconds / TimeConstant));
                return window < 0.001 ? 0 : _decayedBytes / window;
            }
        }
    }

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
