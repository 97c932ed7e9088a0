using P2PShare.Protocol;

namespace P2PShare.Transfer.Trackers;

/// <summary>The way of one call through the trackers, in rounds: see <see cref="TrackerFailover"/>. Not safe for concurrent use.</summary>
internal sealed class FailoverCall
{
    private readonly TrackerFailover _failover;
    private readonly TrackerRequest _request;
    private readonly TrackerTimeouts _timeouts;
    private readonly RetryDelay _delay;
    private readonly P2PShareException?[] _errors;
    private readonly bool[] _isExcluded;
    private readonly long _began;
    private int _first;
    private int _asked;
    private int _rounds = 1;

    public FailoverCall(TrackerFailover failover, TrackerRequest request, TimeProvider clock, TrackerTimeouts timeouts)
    {
        _failover = failover;
        _request = request;
        _timeouts = timeouts;
        _delay = new RetryDelay(timeouts.FirstRetryDelay, timeouts.MaxRetryDelay);
        _errors = new P2PShareException?[failover.Count];
        _isExcluded = new bool[failover.Count];
        _began = clock.GetTimestamp();
    }

    /// <summary>Index of the tracker that is asked now.</summary>
    public int Index => (_first + _asked - 1) % _errors.Length;

    /// <summary>Chooses the next tracker of this round.</summary>
    /// <returns>False if the round is over.</returns>
    public bool TryNext()
    {
        if (_asked == 0)
        {
            _first = _failover.Current;
        }

        while (_asked < _errors.Length)
        {
            _asked++;
            if (_isExcluded[Index])
            {
                continue;
            }

            if (_failover.RetryAfter(Index) is not { } retry)
            {
                return true;
            }

            _errors[Index] = retry.Error;
        }

        return false;
    }

    /// <summary>The tracker cannot answer now.</summary>
    public void ReportUnavailable(TrackerUnavailableException error)
    {
        _errors[Index] = error;
        _request.OutcomeUnknown |= error.OutcomeUnknown;
        _failover.ReportUnavailable(Index, error);
    }

    /// <summary>The tracker must not be used: its certificate is wrong, or it is not a tracker.</summary>
    public void ReportUnusable(P2PShareException error)
    {
        _errors[Index] = error;
        _isExcluded[Index] = true;
        _failover.ReportUnavailable(Index, error: null);
    }

    /// <summary>The tracker answered, perhaps with an error.</summary>
    /// <returns>Whether another tracker answered before, and the errors of trackers that were skipped, each once a session.</returns>
    public (bool Moved, IReadOnlyList<P2PShareException> Skipped) ReportAnswer()
    {
        var moved = _failover.ReportAnswer(Index, wasFirst: _asked == 1);
        return (moved, [.. _errors.Where((error, index) => _isExcluded[index] && _failover.TryReportSkipped(index)).OfType<P2PShareException>()]);
    }

    /// <summary>Begins another round after one in which no tracker answered.</summary>
    /// <returns>The delay before it; null if there is none, and <see cref="Explain"/> gives the error.</returns>
    public TimeSpan? NextRound()
    {
        var outage = _failover.ReportOutage(_began);
        if (!_request.RetryAcrossTrackers || (!_failover.HasAnswered && !_request.OutcomeUnknown) || EarliestRetry() is not { } earliest)
        {
            return null;
        }

        var delay = earliest + _delay.Next();
        if (outage + delay > _timeouts.Retry)
        {
            return null;
        }

        _rounds++;
        _asked = 0;
        return delay;
    }

    /// <summary>
    /// The error of a call that no tracker answered. It names each tracker and its error; its code is theirs if they agree, else
    /// <see cref="ErrorCode.TrackerUnreachable"/>.
    /// </summary>
    public P2PShareException Explain()
    {
        var errors = _errors.OfType<P2PShareException>().ToList();
        var tries = _rounds > 1 ? $" Asked {_rounds} times." : "";
        var unknown = _request.OutcomeUnknown && !_request.IsRepeatable
            ? " Whether the change was made is not known: look, and try again if it was not."
            : "";
        var message = (errors.Count == 1 ? "" : $"None of the {errors.Count} trackers can be used. ")
            + string.Join(" ", errors.Select(error => error.Message)) + tries + unknown;

        // A session that continues as soon as one tracker is back does not end for the certificate of another.
        var untrusted = _failover.HasAnswered && errors.Exists(error => error is TrackerUnavailableException)
            ? null
            : errors.OfType<UntrustedTrackerException>().OrderBy(error => error.Code != ErrorCode.TrackerCertificateChanged).FirstOrDefault();
        if (untrusted is not null)
        {
            return errors.Count == 1 ? untrusted : new UntrustedTrackerException(untrusted.Code, message, untrusted.Address, untrusted.Fingerprint);
        }

        var code = errors.TrueForAll(error => error.Code == errors[0].Code) ? errors[0].Code : ErrorCode.TrackerUnreachable;
        return new P2PShareException(code, message, errors[0]);
    }

    /// <returns>How long no tracker may be asked; null if none is worth asking again.</returns>
    private TimeSpan? EarliestRetry()
    {
        TimeSpan? earliest = null;
        for (var index = 0; index < _errors.Length; index++)
        {
            var left = _failover.RetryAfter(index)?.Left ?? TimeSpan.Zero;
            if (!_isExcluded[index] && (earliest is null || left < earliest))
            {
                earliest = left;
            }
        }

        return earliest;
    }
}
