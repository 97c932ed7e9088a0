using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Decides what to request from which source, and keeps the active pieces. A piece is fetched from one source. Other sources
/// help only when nothing else is left; in the endgame the last blocks are requested from several sources and the slower ones
/// are cancelled. Safe for concurrent use; holds its lock for short computations only.
/// </summary>
internal sealed class RequestScheduler
{
    // Chosen by measurement: large enough that its header costs nothing, small enough to be hashed in the cache.
    internal const int PreferredRequestLength = 256 * 1024;

    private readonly Lock _lock = new();
    private readonly TimeProvider _clock;
    private readonly PiecePicker _picker;
    private readonly ActivePieces _active;
    private readonly RequestWindow _window;
    private readonly CorruptionTracker _corruption = new();
    private int _sources;

    /// <param name="have">The pieces that are verified already.</param>
    /// <param name="random">Breaks ties between pieces that are equally rare.</param>
    /// <param name="budget">Shared by all downloads of a peer server.</param>
    public RequestScheduler(ContentDescription content, Bitfield have, Random random, PieceMemoryBudget budget, TimeProvider clock)
    {
        var requestLength = Math.Min(PreferredRequestLength, content.PieceLength);
        (_clock, _picker) = (clock, new PiecePicker(have, random));
        _active = new ActivePieces(content, _picker, budget, requestLength);
        _window = new RequestWindow(requestLength);
    }

    /// <summary>Called with the bytes that were requested from a source and will not come: it rejected them, or is lost.</summary>
    public Action<int>? Unrequested { get; set; }

    /// <inheritdoc cref="ActivePieces.RequestLength"/>
    public int RequestLength { get => _active.RequestLength; set => _active.RequestLength = value; }

    /// <summary>Adds a source whose bitfield has arrived.</summary>
    public void Add(DownloadSource source, Bitfield has)
    {
        lock (_lock)
        {
            source.Has = has;
            _sources++;
            _picker.AddSource(has);
        }
    }

    /// <summary>Removes a lost source and requeues what was requested from it.</summary>
    public void Remove(DownloadSource source)
    {
        lock (_lock)
        {
            if (source.IsLost)
            {
                return;
            }

            source.IsLost = true;
            if (source.Has is { } has)
            {
                _picker.RemoveSource(has);
                _sources--;
            }

            foreach (var piece in _active.ToArray())
            {
                _active.Requeue(source, piece);
            }

            Unrequested?.Invoke(source.PendingBytes);
            source.ClearPending();
        }
    }

    /// <summary>Counts pieces that turned out to be on disk already. Nothing was requested yet.</summary>
    public void AddVerified(Bitfield have)
    {
        lock (_lock)
        {
            Enumerable.Range(0, have.Length).Where(piece => have[piece]).ToList().ForEach(_picker.SetHave);
        }
    }

    /// <summary>Counts a piece as verified that no peer sent.</summary>
    public void AddVerified(int piece)
    {
        lock (_lock)
        {
            _picker.SetHave(piece);
        }
    }

    /// <summary>Holds back pieces that may not have to be fetched, those that are neither verified nor begun.</summary>
    /// <returns>Those that are held back now.</returns>
    public int[] Hold(int[] pieces)
    {
        lock (_lock)
        {
            return Array.FindAll(pieces, _picker.TryHold);
        }
    }

    /// <summary>Lets a piece be fetched that was held back.</summary>
    /// <param name="plan">Which of its blocks have to be; null: all.</param>
    public void Release(int piece, PiecePlan? plan)
    {
        lock (_lock)
        {
            _active.Release(piece, plan);
        }
    }

    /// <summary>Counts pieces that a source has got since its bitfield.</summary>
    public void AddHaves(DownloadSource source, ReadOnlySpan<int> pieces)
    {
        lock (_lock)
        {
            foreach (var piece in pieces)
            {
                if (source.TryAddHave(piece))
                {
                    _picker.AddHave(piece);
                }
            }
        }
    }

    /// <summary>Whether the source has a piece that is not verified yet.</summary>
    public bool IsInteresting(DownloadSource source)
    {
        lock (_lock)
        {
            return source.Has is { } has && _picker.IsInteresting(has);
        }
    }

    /// <summary>Chooses the next request to a source, and counts it as sent.</summary>
    /// <returns>False if nothing more is to be requested from it now.</returns>
    public bool TryTakeNext(DownloadSource source, out BlockRange range)
    {
        lock (_lock)
        {
            range = default;
            if (source.IsLost || source.IsSpare || source.Has is not { } has || source.PendingCount >= RequestWindow.MaxRequests
                || source.PendingBytes >= _window.GetSize(source.Speed.BytesPerSecond, source.Peer.IsBulk ? 1 : _sources)
                || Choose(source, has) is not { } request)
            {
                return false;
            }

            source.AddPending(request);
            range = request.ToRange(source.Peer.ChannelId);
            return true;
        }
    }

    /// <summary>Records that the bytes of a request begin to arrive.</summary>
    /// <returns>The request; null if its bytes are not needed any more and have to be skipped.</returns>
    /// <exception cref="WireException">They were not requested.</exception>
    public BlockRequest? BeginReceive(DownloadSource source, int pieceIndex, int begin, int length)
    {
        lock (_lock)
        {
            if (!source.TryCompleteRequest(pieceIndex, begin, length)
                || _active.Find(pieceIndex)?.Find(begin, length) is not { State: BlockRequestState.Requested } request)
            {
                return null;
            }

            request.RequestedFrom.Remove(source);
            source.Receiving = (pieceIndex, _clock.GetTimestamp());
            request.State = BlockRequestState.Receiving;
            request.Sender = source.Fingerprint;
            return request;
        }
    }

    /// <summary>Records that the bytes of a request have arrived and were hashed.</summary>
    /// <returns>Whether the piece is whole and has to be verified, and the sources that have to get a cancel for this request.</returns>
    public (bool IsWhole, DownloadSource[] Losers) EndReceive(DownloadSource source, BlockRequest request)
    {
        lock (_lock)
        {
            source.CountArrival(request.Length);
            request.State = BlockRequestState.Received;
            DownloadSource[] losers = [.. request.RequestedFrom];
            foreach (var loser in losers)
            {
                loser.Cancel(request);
            }

            return (request.Piece.IsReceived, losers);
        }
    }

    /// <summary>Records that the connection broke while the bytes of a request arrived.</summary>
    public void AbortReceive(BlockRequest request)
    {
        lock (_lock)
        {
            request.State = request.RequestedFrom.Count > 0 ? BlockRequestState.Requested : BlockRequestState.Missing;
            request.Sender = null;
            if (request.Piece.Owner?.IsLost != false)
            {
                request.Piece.Owner = null;
            }
        }
    }

    /// <summary>Records that a source rejected a request: its piece is not requested from that source again.</summary>
    /// <exception cref="WireException">It was not requested.</exception>
    public void Reject(DownloadSource source, BlockRange range)
    {
        lock (_lock)
        {
            if (!source.TryCompleteRequest(range.Piece, range.Begin, range.Count))
            {
                return;
            }

            Unrequested?.Invoke(range.Count);
            if (source.Has![range.Piece])
            {
                source.Has.Clear(range.Piece);
                _picker.RemoveHave(range.Piece);
            }

            if (_active.Find(range.Piece) is { } piece)
            {
                _active.Requeue(source, piece);
            }
        }
    }

    /// <summary>Records that a piece's hash was right and its bytes are written.</summary>
    /// <returns>The peers that are now known to have sent wrong blocks of it earlier.</returns>
    public IReadOnlyList<Hash256> Complete(ActivePiece piece)
    {
        lock (_lock)
        {
            var senders = _corruption.FindCorruptSenders(piece);
            _active.End(piece);
            _picker.SetHave(piece.Index);
            return senders;
        }
    }

    /// <summary>Records that a piece's hash was wrong: it is fetched again.</summary>
    /// <returns>Its sender if all of it came from one; else none, and one source alone fetches it next.</returns>
    public IReadOnlyList<Hash256> Fail(ActivePiece piece)
    {
        lock (_lock)
        {
            var senders = _corruption.AddFailure(piece);
            _active.End(piece);
            _picker.SetMissing(piece.Index);
            return senders;
        }
    }

    /// <summary>Releases the buffers when the download ends, but for those that bytes still arrive in: the collector frees them.</summary>
    public void ReleaseBuffers()
    {
        lock (_lock)
        {
            _active.Clear();
        }
    }

    private BlockRequest? Choose(DownloadSource source, Bitfield has)
    {
        if (source.Current?.FindMissing() is { } next)
        {
            return next;
        }

        source.Current = null;
        // What a lost source left unfinished comes first: it is closest to being whole.
        if (_active.FindOrphan(has) is var (orphan, missing))
        {
            orphan.Owner = source;
            source.Current = orphan;
            return missing;
        }

        if (_active.TryStart(source, has, _corruption) is { } started)
        {
            source.Current = started;
            return started.Requests[0];
        }

        return _picker.MissingCount + _picker.HeldCount == 0 ? _active.FindForEndgame(source, has) : null;
    }
}
