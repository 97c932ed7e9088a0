namespace P2PShare.Transfer.Downloading;

/// <summary>
/// How many bytes to request ahead: half a second at the source's speed, within bounds. When there are many sources each
/// uses a small share of this side's link, and what is requested too early from one waits there while others could send it.
/// </summary>
/// <param name="requestLength">Bytes in one request.</param>
internal sealed class RequestWindow(int requestLength)
{
    // Over all sources together; a single source, and a bulk connection, gets this much before its speed is known.
    private const int SharedBytes = 1024 * 1024;
    private const int MinRequests = 2;
    private const int MaxBytes = 16 * 1024 * 1024;
    private const double SecondsAhead = 0.5;

    // A source has no more than this waiting, for all downloads of a connection some times that: see AnswerQueue.
    public const int MaxRequests = 256;

    /// <summary>Most bytes that a source may have pending before another request is sent.</summary>
    /// <param name="bytesPerSecond">The source's speed.</param>
    /// <param name="sources">Sources of the download that have sent their bitfield; 1 for a bulk connection, which has to become as fast as its line soon.</param>
    public long GetSize(double bytesPerSecond, int sources)
    {
        var min = Math.Max(SharedBytes / Math.Max(1, sources), MinRequests * requestLength);
        return (long)Math.Clamp(bytesPerSecond * SecondsAhead, min, Math.Max(min, Math.Min(MaxBytes, MaxRequests * (long)requestLength)));
    }
}
