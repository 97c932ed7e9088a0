namespace P2PShare.TrackerHost.Http;

/// <summary>
/// Decides when memory is worth giving back: many connections came or went, and now it is quiet. What their handshakes left is garbage that nothing collects while the
/// tracker has little to do. Not safe for concurrent use.
/// </summary>
internal sealed class ConnectionSwing
{
    /// <summary>Fewer connections than this are not worth a collection.</summary>
    public const int Least = 1000;

    private const double QuietShare = 0.01;

    private int _settled;
    private int _last;

    /// <param name="open">Connections that are open now; to be called every few seconds.</param>
    /// <returns>Whether to give memory back.</returns>
    public bool Observe(int open)
    {
        var isQuiet = Math.Abs(open - _last) <= Math.Max(1, QuietShare * _last);
        _last = open;
        // A quarter, so that a large tracker whose connections come and go does not collect all the time.
        if (!isQuiet || Math.Abs(open - _settled) < Math.Max(Least, _settled / 4))
        {
            return false;
        }

        _settled = open;
        return true;
    }
}
