using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Sends requests to the sources of one download: for the piece layer while no piece can be verified, then for blocks. While a limit is
/// set, one task sends them, as the limit allows. Safe for concurrent use.
/// </summary>
internal sealed class RequestSender
{
    private readonly RequestScheduler _scheduler;
    private readonly PieceLayerFetch _layer;
    private readonly SourcePool _sources;
    private readonly RequestLimit _limit;
    private readonly DownloadTimings _timings;
    private readonly CancellationToken _ending;
    private volatile bool _canVerify;
    // 0: no task runs; 1: it runs; 2: it has to look again before it ends.
    private int _pacing;
    private int _turn;
    // Bytes that the limit let pass and that were not requested, or were and will not come.
    private int _credit;

    /// <param name="canVerify">Whether the hashes of the pieces are known already.</param>
    /// <param name="ending">Cancelled when the download ends, and with it what waits for a limit.</param>
    public RequestSender(
        RequestScheduler scheduler, PieceLayerFetch layer, SourcePool sources, RequestLimit limit, DownloadTimings timings, bool canVerify, CancellationToken ending)
    {
        (_scheduler, _layer, _sources, _limit, _timings, _canVerify, _ending) = (scheduler, layer, sources, limit, timings, canVerify, ending);
        scheduler.Unrequested = AddCredit;
    }

    /// <summary>Records that the hashes of the pieces are known: blocks are requested from now on.</summary>
    public void StartBlocks() => _canVerify = true;

    /// <summary>Sends a source as many requests as it may have pending.</summary>
    public void Send(DownloadSource source)
    {
        if (!_canVerify)
        {
            if (_layer.TryStart(source, out var ranges))
            {
                foreach (var range in ranges)
                {
                    source.Peer.RequestHashes(range);
                }
            }

            return;
        }

        if (_limit.IsSet)
        {
            Pace();
            return;
        }

        while (TrySend(source, out _))
        {
        }
    }

    public void SendAll()
    {
        foreach (var source in _sources.Connected)
        {
            Send(source);
        }
    }

    /// <summary>Whether any source can send something that is missing.</summary>
    public bool HasUsefulSource() => _sources.Connected.Any(source => (_canVerify || _layer.CanAsk(source)) && _scheduler.IsInteresting(source));

    private bool TrySend(DownloadSource source, out int bytes)
    {
        if (!_scheduler.TryTakeNext(source, out var range))
        {
            bytes = 0;
            return false;
        }

        bytes = range.Count;
        _timings.HasSources(true);
        source.Peer.Request(range);
        return true;
    }

    private void Pace()
    {
        if (Interlocked.Exchange(ref _pacing, 2) == 0)
        {
            _ = PaceAsync();
        }
    }

    private async Task PaceAsync()
    {
        try
        {
            do
            {
                Volatile.Write(ref _pacing, 1);
                while (await TrySendOneAsync().ConfigureAwait(false))
                {
                }
            }
            while (Interlocked.CompareExchange(ref _pacing, 0, 1) != 1);
        }
        catch (OperationCanceledException)
        {
            // The download has ended.
        }
    }

    // False if no source can take another request now.
    private async Task<bool> TrySendOneAsync()
    {
        if (!_limit.IsSet)
        {
            Interlocked.Exchange(ref _credit, 0);
            _scheduler.RequestLength = RequestScheduler.PreferredRequestLength;
            SendAll();
            return false;
        }

        _scheduler.RequestLength = _limit.RequestLength;
        var missing = _scheduler.RequestLength - Volatile.Read(ref _credit);
        if (missing > 0)
        {
            await _limit.WaitAsync(missing, _ending).ConfigureAwait(false);
            Interlocked.Add(ref _credit, missing);
        }

        // Sources take turns.
        var sources = _sources.Connected.ToArray();
        for (var i = 0; i < sources.Length; i++)
        {
            if (TrySend(sources[(_turn + i) % sources.Length], out var sent))
            {
                _turn = (_turn + i + 1) % sources.Length;
                Interlocked.Add(ref _credit, -sent);
                return true;
            }
        }

        return false;
    }

    private void AddCredit(int bytes)
    {
        if (_limit.IsSet)
        {
            Interlocked.Add(ref _credit, bytes);
        }
    }
}
