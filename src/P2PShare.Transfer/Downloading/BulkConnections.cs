using P2PShare.Transfer.Connections;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// How many bulk connections a download needs to a source, by the delay, the loss and the speed that were measured. One connection
/// does not fill a line that is long, because it may only have so much unacknowledged, nor one that loses packets, because it takes
/// each loss for a sign of a full line.
/// </summary>
internal static class BulkConnections
{
    /// <summary>The most connections to all sources of a download together, if they are far: bulk ones, and the first one to each.</summary>
    public const int MaxFar = 8;

    /// <summary>
    /// At a near source, waiting costs more than working: each has a thread, which reads, decrypts, hashes and writes, and the first
    /// connection is not used meanwhile. More than two gained nothing.
    /// </summary>
    public const int Near = 2;

    // What a connection may have in flight before another one helps: a quarter of what Linux lets one have unacknowledged by default.
    private const double MaxInFlight = 1024 * 1024;

    // With fewer out of order none or nothing worth mentioning is lost.
    private const double LossAbove = 0.01;

    // A line that is full makes packets wait: what it loses then is a sign that it carries no more.
    private const double FullAbove = 1.5;

    /// <param name="path">Null: it is not known, and the source counts as near.</param>
    /// <param name="bytesPerSecond">From the source, over all connections to it.</param>
    /// <param name="fastFrom">Bytes a second above which a near source gets them.</param>
    /// <param name="peers">Sources of the download, at least one: together they fill a line as well as many connections to one.</param>
    /// <returns>How many beside the first connection.</returns>
    public static int GetCount(TcpPath? path, double bytesPerSecond, double fastFrom, int peers)
    {
        var near = bytesPerSecond > fastFrom ? Near : 0;
        if (path is not { IsFar: true } measured)
        {
            return near;
        }

        var room = MaxFar / peers;
        var isLossy = measured.OutOfOrder > LossAbove && measured.RoundTrip < measured.LeastRoundTrip * FullAbove;
        var inFlight = bytesPerSecond * measured.LeastRoundTrip.TotalSeconds;
        var all = isLossy ? room : Math.Min((int)(inFlight / MaxInFlight) + 1, room);
        return Math.Max(all - 1, near);
    }
}
