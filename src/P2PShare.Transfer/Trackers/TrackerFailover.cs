using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Trackers;

/// <summary>
/// The trackers of a session, which are one: instances on one database. The one that answered last is asked first, and the
/// next ones in the order of the lines where it cannot answer. Safe for concurrent use.
/// </summary>
/// <remarks>
/// <para><b>The next one is asked</b> where a tracker cannot be found, reached or connected to, breaks off, is too slow, or answers
/// 502, 503 or 504. Where none answers, all are asked again after a pause (<see cref="RetryDelay"/>), not before the time
/// that one named (<c>Retry-After</c>), until none has answered for as long as <see cref="TrackerTimes.Patience"/>. A call asks each at
/// least once, so it takes at most that patience and as long as all of them may take. An outage is waited out once: the calls
/// of a script that come later, and go on coming, ask each tracker once. So it is before any has ever answered: most likely the
/// address is wrong, and a person waits.</para>
/// <para><b>A line whose certificate is not the right one</b>, or that is no tracker, is not sent anything and not asked again in this call; where
/// another line answers, <see cref="Warned"/> says so. Every other answer is the answer, an error too: wrong credentials,
/// too many attempts (429) and a tracker's own failure (500) would be the same elsewhere.</para>
/// </remarks>
internal sealed class TrackerFailover : IDisposable
{
    private readonly TrackerTransport[] _transports;
    private readonly bool[] _warned;
    private readonly TimeProvider _clock;
    private readonly TrackerTimes _times;
    private volatile int _current;
    private int _answered = -1;
    private long _awaySince;

    public TrackerFailover(IReadOnlyList<TrackerAddress> addresses, KnownTrackers known, bool trustOnFirstUse, TimeProvider clock, TrackerTimes times)
    {
        ArgumentOutOfRangeException.ThrowIfZero(addresses.Count);
        _clock = clock;
        _times = times;
        _transports = [.. addresses.Select(address => new TrackerTransport(address, known, trustOnFirstUse, clock, times))];
        _warned = new bool[_transports.Length];
    }

    /// <summary>Raised, on any thread, when another tracker answers than the time before.</summary>
    public event Action? Moved;

    /// <summary>Raised, on any thread, once for each line that was passed over because it cannot be trusted.</summary>
    public event Action<string>? Warned;

    /// <summary>The one that is asked first.</summary>
    public TrackerTransport Current => _transports[_current];

    /// <returns>A successful answer.</returns>
    /// <exception cref="P2PShareException">
    /// The tracker's own; or, where none answers, one that names each and what it said. Its code is that of all of them where
    /// they agree, else <see cref="ErrorCode.TrackerUnreachable"/>.
    /// </exception>
    public async Task<HttpResponseMessage> SendAsync(TrackerRequest request, SessionResponse? session, CancellationToken cancellationToken)
    {
        var began = _clock.GetTimestamp();
        var backoff = new RetryDelay(_times.FirstPause, _times.LongestPause);
        var round = new Round(_transports.Length);
        while (true)
        {
            if (await AskEachAsync(request, session, round, cancellationToken).ConfigureAwait(false) is { } response)
            {
                return response;
            }

            var since = Interlocked.CompareExchange(ref _awaySince, began, 0) is var before and not 0 ? before : began;
            var elapsed = _clock.GetElapsedTime(since);
            var mayBeBack = request.IsPatient && (_answered >= 0 || request.MayHaveBeenDone) ? Due(round) : null;
            var pause = mayBeBack + backoff.Next();
            if (pause is null || elapsed + pause > _times.Patience)
            {
                throw NoneLeft(request, round);
            }

            await Task.Delay(pause.Value, _clock, cancellationToken).ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        foreach (var transport in _transports)
        {
            transport.Dispose();
        }
    }

    private async Task<HttpResponseMessage?> AskEachAsync(
        TrackerRequest request, SessionResponse? session, Round round, CancellationToken cancellationToken)
    {
        round.Number++;
        var first = _current;
        for (var i = 0; i < _transports.Length; i++)
        {
            var index = (first + i) % _transports.Length;
            var transport = _transports[index];
            if (round.IsOut[index])
            {
                continue;
            }

            if (transport.AskedForPeace is { } peace)
            {
                round.Said[index] = peace.Said;
                continue;
            }

            try
            {
                var response = await transport.SendAsync(request, session, cancellationToken).ConfigureAwait(false);
                OnAnswered(index, isFirst: i == 0, round);
                return response;
            }
            catch (TrackerUnavailableException e)
            {
                round.Said[index] = e;
                request.MayHaveBeenDone |= e.MayHaveBeenDone;
            }
            catch (P2PShareException e) when (e is UntrustedTrackerException || e.Code == ErrorCode.NotATracker)
            {
                round.Said[index] = e;
                round.IsOut[index] = true;
            }
            catch (P2PShareException)
            {
                OnAnswered(index, isFirst: i == 0, round);
                throw;
            }

            // Whoever comes meanwhile begins with the next one.
            Interlocked.CompareExchange(ref _current, (index + 1) % _transports.Length, index);
        }

        return null;
    }

    private void OnAnswered(int index, bool isFirst, Round round)
    {
        Interlocked.Exchange(ref _awaySince, 0);
        for (var i = 0; i < _transports.Length; i++)
        {
            if (round.IsOut[i] && Warned is { } warned && !Interlocked.Exchange(ref _warned[i], true))
            {
                warned($"Another tracker is used instead. {round.Said[i]!.Message}");
            }
        }

        // A late answer of one that others have left since brings nobody back to it.
        if (isFirst && _current != index)
        {
            Interlocked.CompareExchange(ref _answered, index, -1);
            return;
        }

        _current = index;
        var before = Interlocked.Exchange(ref _answered, index);
        if (before >= 0 && before != index)
        {
            Moved?.Invoke();
        }
    }

    /// <returns>How long none may be asked; null where none is worth asking again.</returns>
    private TimeSpan? Due(Round round) => _transports
        .Where((_, index) => !round.IsOut[index])
        .Select(transport => transport.AskedForPeace?.Left ?? TimeSpan.Zero)
        .Cast<TimeSpan?>()
        .Min();

    private P2PShareException NoneLeft(TrackerRequest request, Round round)
    {
        var said = round.Said.OfType<P2PShareException>().ToList();
        var tries = round.Number > 1 ? $" Asked {round.Number} times." : "";
        var unknown = request.MayHaveBeenDone && !request.IsRoutine
            ? " Whether the change was made is not known: look, and try again where it was not."
            : "";
        var message = (said.Count == 1 ? "" : $"None of the {said.Count} trackers can be used. ")
            + string.Join(" ", said.Select(one => one.Message)) + tries + unknown;

        // Where a session goes on as soon as one of them is back, it does not end for the certificate of another.
        var untrusted = _answered >= 0 && said.Exists(one => one is TrackerUnavailableException)
            ? null
            : said.OfType<UntrustedTrackerException>().OrderBy(one => one.Code != ErrorCode.TrackerCertificateChanged).FirstOrDefault();
        if (untrusted is not null)
        {
            return said.Count == 1 ? untrusted : new UntrustedTrackerException(untrusted.Code, message, untrusted.Address, untrusted.Fingerprint);
        }

        var code = said.TrueForAll(one => one.Code == said[0].Code) ? said[0].Code : ErrorCode.TrackerUnreachable;
        return new P2PShareException(code, message, said[0]);
    }

    /// <summary>What the trackers said to one call, by their lines.</summary>
    private sealed class Round(int count)
    {
        public int Number { get; set; }

        public P2PShareException?[] Said { get; } = new P2PShareException?[count];

        /// <summary>Not asked again in this call.</summary>
        public bool[] IsOut { get; } = new bool[count];
    }
}
