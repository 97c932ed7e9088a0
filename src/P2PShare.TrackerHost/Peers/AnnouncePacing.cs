using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Peers;

/// <summary>
/// When a peer announces next, which the tracker tells each peer: once an interval, at random so that peers that came together do not stay together, and later the
/// more announces wait.
/// </summary>
/// <param name="random">Null: the shared generator.</param>
internal sealed class AnnouncePacing(PeerOptions options, Random? random = null)
{
    /// <summary>Announces in work up to which a peer is not told to wait for longer than an interval.</summary>
    public const int Relaxed = 256;

    /// <summary>Announces in work from which on peers are told the longest time.</summary>
    public const int Overloaded = 4096;

    // Fractions of the interval. Peers that announce everything come online, or come back, and many may do so together.
    private const double Earliest = 0.8;
    private const double EarliestAfterFull = 0.1;

    /// <param name="isFull">Whether the peer has announced everything.</param>
    /// <param name="inWork">Announces that the tracker works on at this moment.</param>
    /// <returns>Whole seconds: at least 1, and at most <see cref="PeerOptions.LongestInterval"/>.</returns>
    public int ChooseSeconds(bool isFull, int inWork)
    {
        var load = Math.Clamp((inWork - Relaxed) / (double)(Overloaded - Relaxed), 0, 1);
        var longest = options.AnnounceInterval + ((options.LongestInterval - options.AnnounceInterval) * load);
        var earliest = isFull ? EarliestAfterFull : Earliest;
        var next = longest * (earliest + ((1 - earliest) * (random ?? Random.Shared).NextDouble()));
        // A whole number above it may be beyond an interval of a second and a half.
        return Math.Max(1, (int)Math.Min(Math.Ceiling(next.TotalSeconds), Math.Floor(options.LongestInterval.TotalSeconds)));
    }
}
