using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// Decides whether a block is compressed before it is sent: if what was compressed lately shrank by so much, at such a speed, that the lines would
/// take longer for the bytes saved than the processors take to save them. All is measured, over all connections of a peer server. Safe
/// for concurrent use.
/// </summary>
internal sealed class CompressionChoice(TimeProvider clock)
{
    // Of all cores together: the rest hashes, encrypts and copies.
    private const double MaxBusy = 0.35;

    // A speed that was measured for a shorter time than this is not known.
    private static readonly TimeSpan FirstMeasure = TimeSpan.FromMilliseconds(500);

    // How long nothing is compressed after the processors were found to be too busy, and after which one block is compressed whatever was measured:
    // a speed that was measured on a busy machine would stay for ever otherwise.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly SpeedMeter _sent = new(clock);
    // What compressing took, in ticks of the clock.
    private readonly SpeedMeter _busy = new(clock);
    private readonly double _maxBusy = MaxBusy * Environment.ProcessorCount * clock.TimestampFrequency;
    private long _firstSentAt;
    private long _pausedAt;
    private bool _isPaused;
    private long _reportedAt;
    private bool _isCompiled;
    // Plain bytes a second of one core; 0 before it was measured.
    private double _speed;

    /// <summary>Whether blocks may be compressed at all.</summary>
    public bool IsEnabled { get; set; } = true;

    /// <summary>Counts bytes of blocks that went out, as they went out.</summary>
    public void ReportSent(int bytes)
    {
        Interlocked.CompareExchange(ref _firstSentAt, clock.GetTimestamp(), 0);
        _sent.Add(bytes);
    }

    /// <summary>Whether a block is worth compressing now.</summary>
    public bool ShouldTry(CompressionTrial trial)
    {
        var first = Interlocked.Read(ref _firstSentAt);
        if (!IsEnabled || first == 0 || clock.GetElapsedTime(first) < FirstMeasure)
        {
            return false;
        }

        lock (_lock)
        {
            if (_isPaused && clock.GetElapsedTime(_pausedAt) < Pause)
            {
                return false;
            }

            _isPaused = _busy.BytesPerSecond > _maxBusy;
            if (_isPaused)
            {
                _pausedAt = clock.GetTimestamp();
                return false;
            }

            // The time that the line takes for a byte against the time that compressing it takes and what is left of it.
            return trial.TryTake()
                && (_speed == 0 || _sent.BytesPerSecond < _speed * trial.Saved || clock.GetElapsedTime(_reportedAt) >= Pause);
        }
    }

    /// <summary>Counts a block that was compressed.</summary>
    /// <param name="plain">Its bytes.</param>
    /// <param name="packed">Its bytes after that; not fewer if it did not shrink.</param>
    /// <param name="elapsed">How long it took.</param>
    /// <returns>Whether it shrank by enough to be sent so.</returns>
    public bool Report(CompressionTrial trial, int plain, int packed, TimeSpan elapsed)
    {
        _busy.Add((long)(elapsed.TotalSeconds * clock.TimestampFrequency));
        lock (_lock)
        {
            var speed = plain / Math.Max(elapsed.TotalSeconds, 1e-6);
            // The first block also compiles the compressor.
            _speed = !_isCompiled ? 0 : _speed == 0 ? speed : _speed + (speed - _speed) / 8;
            (_isCompiled, _reportedAt) = (true, clock.GetTimestamp());
            return trial.Report(plain, packed);
        }
    }
}
