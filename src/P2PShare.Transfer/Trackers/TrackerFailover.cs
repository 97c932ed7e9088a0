using P2PShare.Protocol;

namespace P2PShare.Transfer.Trackers;

/// <summary>
/// Decides which of a session's trackers is asked next, and when all of them are asked again. The trackers are instances on
/// one database, so any of them can answer. Does no I/O. Safe for concurrent use.
/// </summary>
/// <remarks>
/// <para><b>The order.</b> A call begins with the tracker that answered last and continues in the order of the lines. The next one
/// is asked if a tracker cannot be found, reached or connected to, breaks off, is too slow, or answers 502, 503 or 504. If none
/// answers, all are asked again after a delay (<see cref="RetryDelay"/>), but a tracker not before the time that it named
/// (<c>Retry-After</c>), until none has answered for as long as <see cref="TrackerTimeouts.Retry"/>. A call asks each at least
/// once, so it takes at most that time plus the time-outs of all trackers. An outage is waited for once: later calls during
/// the same outage ask each tracker once. So do calls before any tracker has ever answered: the address is probably
/// wrong, and the user waits.</para>
/// <para><b>A line whose certificate is wrong</b>, or that is not a tracker, is sent nothing and not asked again in this call. If
/// another line answers, that is reported once for each such line. Every other response is final, an error too: wrong credentials, too many attempts (429) and
/// a tracker's own failure (500) would be the same at another tracker.</para>
/// </remarks>
/// <param name="count">Number of trackers; at least one.</param>
internal sealed class TrackerFailover(int count, TimeProvider clock, TrackerTimeouts timeouts)
{
    // A tracker that names a longer time is asked again all the same.
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Line[] _lines = [.. Enumerable.Range(0, count).Select(_ => new Line())];
    private int _current;
    private int? _answered;
    private long? _unavailableSince;

    /// <summary>Number of trackers.</summary>
    public int Count => count;

    /// <summary>Index of the tracker that is asked first.</summary>
    public int Current
    {
        get
        {
            lock (_lock)
            {
                return _current;
            }
        }
    }

    /// <summary>Whether any tracker has ever answered.</summary>
    public bool HasAnswered
    {
        get
        {
            lock (_lock)
            {
                return _answered is not null;
            }
        }
    }

    public FailoverCall Begin(TrackerRequest request) => new(this, request, clock, timeouts);

    /// <summary>The last <c>Retry-After</c> of a tracker, and how much of it is left; null if the tracker may be asked now.</summary>
    public (TrackerUnavailableException Error, TimeSpan Left)? RetryAfter(int index)
    {
        lock (_lock)
        {
            return _lines[index].RetryAfter is { Error.RetryAfter: { } after } retry
                && (after < MaxRetryAfter ? after : MaxRetryAfter) - clock.GetElapsedTime(retry.Since) is var left && left > TimeSpan.Zero
                    ? (retry.Error, left)
                    : null;
        }
    }

    /// <summary>A tracker could not answer: calls that begin from now on ask the next one first.</summary>
    /// <param name="error">Null if it must not be used at all.</param>
    public void ReportUnavailable(int index, TrackerUnavailableException? error)
    {
        lock (_lock)
        {
            if (error?.RetryAfter is not null)
            {
                _lines[index].RetryAfter = (error, clock.GetTimestamp());
            }

            if (_current == index)
            {
                _current = (index + 1) % count;
            }
        }
    }

    /// <summary>A tracker answered.</summary>
    /// <param name="wasFirst">Whether it was the first one that the round asked.</param>
    /// <returns>Whether another one answered before this.</returns>
    public bool ReportAnswer(int index, bool wasFirst)
    {
        lock (_lock)
        {
            _unavailableSince = null;
            if (wasFirst && _current != index)
            {
                // A late response of a tracker that other calls have left since does not lead them back to it.
                _answered ??= index;
                return false;
            }

            _current = index;
            var moved = _answered is { } before && before != index;
            _answered = index;
            return moved;
        }
    }

    /// <summary>Marks that it was reported that a tracker is skipped.</summary>
    /// <returns>False if it was reported before.</returns>
    public bool TryReportSkipped(int index)
    {
        lock (_lock)
        {
            var isNew = !_lines[index].IsSkipReported;
            _lines[index].IsSkipReported = true;
            return isNew;
        }
    }

    /// <summary>No tracker answered a call.</summary>
    /// <param name="began">When the call began.</param>
    /// <returns>How long no tracker has answered.</returns>
    public TimeSpan ReportOutage(long began)
    {
        lock (_lock)
        {
            return clock.GetElapsedTime(_unavailableSince ??= began);
        }
    }

    private sealed class Line
    {
        public (TrackerUnavailableException Error, long Since)? RetryAfter { get; set; }

        public bool IsSkipReported { get; set; }
    }
}
