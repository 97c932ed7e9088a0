using P2PShare.Protocol.Tracker;

namespace P2PShare.TrackerHost.Observability;

/// <summary>
/// How many of the last requests ended with 500, which is a fault of the tracker or of what it depends on, whatever a probe finds. Reads, announces
/// and other writes count separately: many announces that succeed do not hide that no group can be created. Safe for concurrent use.
/// </summary>
internal sealed class RecentFailures(TimeProvider clock)
{
    /// <summary>Failures that are a series, if they are more than half of the requests of their kind.</summary>
    public const int Series = 10;

    /// <summary>How long a request counts at most, and half as long at least.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private Counts _last = new(clock.GetTimestamp());
    private Counts _current = new(clock.GetTimestamp());

    private enum Kind
    {
        Read,
        Announce,
        Write,
    }

    /// <summary>Whether a series of requests of one kind failed.</summary>
    public bool IsSeries
    {
        get
        {
            var current = FindCurrent();
            var last = _last;
            return Enum.GetValues<Kind>().Any(kind =>
            {
                var failed = current.Failed[(int)kind] + last.Failed[(int)kind];
                return failed >= Series && 2 * failed > current.All[(int)kind] + last.All[(int)kind];
            });
        }
    }

    /// <summary>Counts a request by the status of its response.</summary>
    public void AddResponse(HttpRequest request, int status)
    {
        var kind = HttpMethods.IsGet(request.Method) ? Kind.Read
            : request.Path.Equals(TrackerRoutes.Peers, StringComparison.OrdinalIgnoreCase) ? Kind.Announce
            : Kind.Write;
        var counts = FindCurrent();
        Interlocked.Increment(ref counts.All[(int)kind]);
        if (status == StatusCodes.Status500InternalServerError)
        {
            Interlocked.Increment(ref counts.Failed[(int)kind]);
        }
    }

    private Counts FindCurrent()
    {
        var current = Volatile.Read(ref _current);
        if (clock.GetElapsedTime(current.Begun) < Window / 2)
        {
            return current;
        }

        lock (_lock)
        {
            if (_current == current)
            {
                var now = clock.GetTimestamp();
                _last = clock.GetElapsedTime(current.Begun, now) < Window ? current : new Counts(now);
                _current = new Counts(now);
            }

            return _current;
        }
    }

    /// <param name="Begun">The timestamp of the first request that it can count.</param>
    private sealed record Counts(long Begun)
    {
        public int[] All { get; } = new int[Enum.GetValues<Kind>().Length];

        public int[] Failed { get; } = new int[Enum.GetValues<Kind>().Length];
    }
}
