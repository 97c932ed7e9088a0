using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// The pieces of one download that are being fetched, and the memory that they take. Not safe for concurrent use; what is
/// reserved in the budget is shared with other downloads.
/// </summary>
/// <param name="requestLength">Bytes in one request if no limit is set, at most the piece length.</param>
internal sealed class ActivePieces(ContentDescription content, PiecePicker picker, PieceMemoryBudget budget, int requestLength)
{
    // Bounds the memory of one download.
    private const int MaxBytes = 48 * 1024 * 1024;
    // So that blocks can be requested while the piece before is verified, however much other downloads have reserved.
    private const int Min = 2;
    private const int MaxSourcesOfRequest = 3;

    private readonly Dictionary<int, ActivePiece> _pieces = [];
    private readonly int _maxRequestLength = requestLength;
    private readonly int _max = Math.Max(4, MaxBytes / content.PieceLength);
    private readonly Dictionary<int, PiecePlan> _plans = [];
    private int _requestLength = requestLength;

    public ActivePiece? Find(int index) => _pieces.GetValueOrDefault(index);

    /// <summary>A copy, because requeueing removes pieces.</summary>
    public ActivePiece[] ToArray() => [.. _pieces.Values];

    /// <summary>Bytes in one request of the pieces that are started from now on: a power of two blocks, at most what is usual.</summary>
    public int RequestLength { get => _requestLength; set => _requestLength = Math.Min(value, _maxRequestLength); }

    /// <summary>Picks a piece that the source has, unless that would take too much memory.</summary>
    /// <returns>The new piece; null if there is none to start now.</returns>
    public ActivePiece? TryStart(DownloadSource source, Bitfield has, CorruptionTracker corruption)
    {
        if (_pieces.Count >= _max || !TryReserve())
        {
            return null;
        }

        var index = picker.Pick(has);
        // The last piece may be shorter than what was reserved for it.
        budget.Release(content.PieceLength - (index < 0 ? 0 : content.PieceSize(index)));
        return index < 0 ? null : _pieces[index] = new ActivePiece(content, index, RequestLength, _plans.GetValueOrDefault(index))
        {
            Owner = source,
            IsExclusive = corruption.IsSuspect(index),
        };
    }

    /// <summary>Finds a piece that a lost source left unfinished and that the source has.</summary>
    public (ActivePiece Piece, BlockRequest Missing)? FindOrphan(Bitfield has)
    {
        foreach (var piece in _pieces.Values)
        {
            if (piece.Owner is null && has[piece.Index] && piece.FindMissing() is { } missing)
            {
                return (piece, missing);
            }
        }

        return null;
    }

    /// <summary>
    /// Finds a request of another source's piece: one that was not sent yet, else one that the fewest sources have been sent.
    /// </summary>
    public BlockRequest? FindForEndgame(DownloadSource source, Bitfield has)
    {
        BlockRequest? found = null;
        foreach (var piece in _pieces.Values)
        {
            if (piece.IsExclusive || !has[piece.Index])
            {
                continue;
            }

            if (piece.FindMissing() is { } missing)
            {
                return missing;
            }

            foreach (var request in piece.Requests)
            {
                // A request to the same peer over a second connection would only send the bytes twice.
                if (request.State == BlockRequestState.Requested
                    && request.RequestedFrom.Count < (found?.RequestedFrom.Count ?? MaxSourcesOfRequest)
                    && request.RequestedFrom.TrueForAll(other => other.Fingerprint != source.Fingerprint))
                {
                    found = request;
                    break;
                }
            }
        }

        return found;
    }

    /// <summary>Lets a piece be picked that was held back; does nothing if it was not.</summary>
    /// <param name="plan">Which of its blocks have to be requested, kept until the piece is right or turned out wrong; null: all of them.</param>
    public void Release(int index, PiecePlan? plan)
    {
        if (picker.TryRelease(index) && plan is not null)
        {
            _plans[index] = plan;
        }
    }

    /// <summary>Removes a piece that is right or wrong, and its plan: if it is fetched again, then whole.</summary>
    public void End(ActivePiece piece)
    {
        Remove(piece);
        _plans.Remove(piece.Index);
    }

    /// <summary>Lets others send what was requested from a source and will not come.</summary>
    public void Requeue(DownloadSource source, ActivePiece piece)
    {
        foreach (var request in piece.Requests)
        {
            if (request.RequestedFrom.Remove(source) && request is { State: BlockRequestState.Requested, RequestedFrom.Count: 0 })
            {
                request.State = BlockRequestState.Missing;
            }
        }

        if (piece.Owner != source)
        {
            return;
        }

        piece.Owner = null;
        source.Current = source.Current == piece ? null : source.Current;
        // Nothing is lost with it, or its blocks must not mix with those of another sender: it starts over.
        if (piece.IsMissing || (piece.IsExclusive && !piece.IsReceiving))
        {
            Remove(piece);
            picker.SetMissing(piece.Index);
        }
    }

    /// <summary>Removes a piece, cancels what is pending of it, and releases its buffer.</summary>
    public void Remove(ActivePiece piece)
    {
        // It is gone already if the download has ended meanwhile.
        if (_pieces.Remove(piece.Index))
        {
            budget.Release(piece.Length);
        }

        foreach (var request in piece.Requests)
        {
            foreach (var source in request.RequestedFrom.ToArray())
            {
                source.Cancel(request);
            }
        }

        if (piece.Owner is { } owner && owner.Current == piece)
        {
            owner.Current = null;
        }

        piece.Dispose();
    }

    /// <summary>Removes all, and releases the buffers but for those that bytes still arrive in: the collector frees them.</summary>
    public void Clear()
    {
        foreach (var piece in _pieces.Values)
        {
            budget.Release(piece.Length);
            if (!piece.IsReceiving)
            {
                piece.Dispose();
            }
        }

        _pieces.Clear();
    }

    private bool TryReserve()
    {
        if (_pieces.Count >= Min)
        {
            return budget.TryReserve(content.PieceLength);
        }

        budget.Reserve(content.PieceLength);
        return true;
    }
}
