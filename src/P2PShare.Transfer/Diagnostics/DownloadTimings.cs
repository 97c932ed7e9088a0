using System.Diagnostics;

namespace P2PShare.Transfer.Diagnostics;

/// <summary>Adds up what a download spends its time with. Safe for concurrent use; a mark costs some tens of nanoseconds.</summary>
internal sealed class DownloadTimings
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private long _ended;
    private long _withoutSourcesSince = Stopwatch.GetTimestamp();
    private long _waiting;
    private long _network;
    private long _hashing;
    private long _disk;

    public DownloadTimes Times
    {
        get
        {
            var now = Volatile.Read(ref _ended) is var ended and > 0 ? ended : Stopwatch.GetTimestamp();
            var since = Interlocked.Read(ref _withoutSourcesSince);
            return new DownloadTimes(
                Stopwatch.GetElapsedTime(_started, now),
                Span(Interlocked.Read(ref _waiting) + (since > 0 ? now - since : 0)),
                Span(Interlocked.Read(ref _network)),
                Span(Interlocked.Read(ref _hashing)),
                Span(Interlocked.Read(ref _disk)));
        }
    }

    public static long Now => Stopwatch.GetTimestamp();

    public void HasSources(bool any)
    {
        if (any && Interlocked.Exchange(ref _withoutSourcesSince, 0) is var since and > 0)
        {
            Interlocked.Add(ref _waiting, Now - since);
        }
        else if (!any)
        {
            Interlocked.CompareExchange(ref _withoutSourcesSince, Now, 0);
        }
    }

    public void AddNetwork(long since) => Interlocked.Add(ref _network, Now - since);

    public void AddHashing(long since) => Interlocked.Add(ref _hashing, Now - since);

    public void AddDisk(long since) => Interlocked.Add(ref _disk, Now - since);

    public void End() => Volatile.Write(ref _ended, Now);

    private static TimeSpan Span(long ticks) => Stopwatch.GetElapsedTime(0, ticks);
}
