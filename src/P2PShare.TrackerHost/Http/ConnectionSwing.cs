namespace P2PShare.TrackerHost.Http;

/// <summary>
/// Decides when memory is worth giving back: many connections came or went, and now it is quiet. What their handshakes left is garbage that nothing collects while the
/// tracker has little to do. A collection stops all threads, and anybody can open connections and close them again: so there is a pause between two. Not safe for concurrent use.
/// </summary>
internal sealed class ConnectionSwing
{
    /// <summary>Fewer connections than this are not worth a collection.</summary>
    public const int Least = 1000;

    /// <summary>The least pause between two collections.</summary>
    public static readonly TimeSpan LeastPause = TimeSpan.FromSeconds(20);

    /// <summary>How many times as long as the last collection the pause is, if that is longer.</summary>
    public const int PauseFactor = 50;

    private const double QuietShare = 0.01;

    private int _settled;
    private int _last;
    private TimeSpan _pauseEnds = TimeSpan.Zero;

    /// <param name="open">Connections that are open now; to be called every few seconds.</param>
    /// <param name="now">Time since the start.</param>
    /// <returns>Whether to give memory back; <see cref="Released"/> is to be called then.</returns>
    public bool Observe(int open, TimeSpan now)
    {
        var isQuiet = Math.Abs(open - _last) <= Math.Max(1, QuietShare * _last);
        _last = open;
        // A quarter, so that a large tracker whose connections come and go does not collect all the time.
        if (!isQuiet || now < _pauseEnds || Math.Abs(open - _settled) < Math.Max(Least, _settled / 4))
        {
            return false;
        }

        _settled = open;
        return true;
    }

    /// <summary>Begins the pause.</summary>
    /// <param name="now">Time since the start, when the memory had been given back.</param>
    /// <param name="took">How long that took.</param>
    public void Released(TimeSpan now, TimeSpan took)
    {
        var pause = took * PauseFactor;
        _pauseEnds = now + (pause > LeastPause ? pause : LeastPause);
    }
}
