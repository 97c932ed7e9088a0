namespace P2PShare.Transfer.Diagnostics;

/// <summary>
/// Adds up what a download spends its time with; <c>since</c> is a timestamp of the clock. Safe for concurrent use; a mark costs some
/// tens of nanoseconds.
/// </summary>
internal sealed class DownloadTimings(TimeProvider clock)
{
    private readonly long _started = clock.GetTimestamp();
    private long _ended;
    private long _withoutSourcesSince = clock.GetTimestamp();
    private long _waiting;
    private long _network;
    private long _hashing;
    private long _disk;

    public DownloadTimes Times
    {
        get
        {
            var now = Volatile.Read(ref _ended) is var ended and > 0 ? ended : clock.GetTimestamp();
            var since = Interlocked.Read(ref _withoutSourcesSince);
            return new DownloadTimes(
                clock.GetElapsedTime(_started, now),
                Span(Interlocked.Read(ref _waiting) + (since > 0 ? now - since : 0)),
                Span(Interlocked.Read(ref _network)),
                Span(Interlocked.Read(ref _hashing)),
                Span(Interlocked.Read(ref _disk)));
        }
    }

    /// <summary>Starts or ends a time without sources.</summary>
    public void HasSources(bool any)
    {
        if (any && Interlocked.Exchange(ref _withoutSourcesSince, 0) is var since and > 0)
        {
            Interlocked.Add(ref _waiting, clock.GetTimestamp() - since);
        }
        else if (!any)
        {
            Interlocked.CompareExchange(ref _withoutSourcesSince, clock.GetTimestamp(), 0);
        }
    }

    /// <param name="since">A timestamp of its clock.</param>
    public void AddNetwork(long since) => Interlocked.Add(ref _network, clock.GetTimestamp() - since);

    /// <inheritdoc cref="AddNetwork"/>
    public void AddHashing(long since) => Interlocked.Add(ref _hashing, clock.GetTimestamp() - since);

    /// <inheritdoc cref="AddNetwork"/>
    public void AddDisk(long since) => Interlocked.Add(ref _disk, clock.GetTimestamp() - since);

    public void End() => Volatile.Write(ref _ended, clock.GetTimestamp());

    private TimeSpan Span(long ticks) => clock.GetElapsedTime(0, ticks);
}
