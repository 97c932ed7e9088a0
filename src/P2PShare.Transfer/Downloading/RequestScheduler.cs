using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Decides what to ask of whom, and keeps the pieces that are on their way. A piece is fetched from one source; others
/// help only when nothing else is left, and at the very end the last parts are asked of several and the losers are
/// cancelled. Safe for concurrent use; holds its lock for short computations only.
/// </summary>
internal sealed class RequestScheduler
{
    // Chosen by measurement: large enough that its header costs nothing, small enough to be hashed in the cache.
    private const int PreferredRequestLength = 256 * 1024;

    // All pieces on their way together; bounds the memory of a download.
    private const int MaxActiveBytes = 48 * 1024 * 1024;
    // So that a part can be asked for while the piece before it is verified, whatever other downloads hold.
    private const int MinActive = 2;
    // Of all sources together, and of each.
    private const int MinAskedBytes = 4 * PreferredRequestLength;
    private const int MinRequests = 2;
    private const int MaxAskedBytes = 16 * 1024 * 1024;
    private const int MaxAskedOf = 3;

    private readonly Lock _lock = new();
    private readonly ContentDescription _content;
    private readonly PiecePicker _picker;
    private readonly PieceMemoryBudget _budget;
    private readonly Dictionary<int, ActivePiece> _active = [];
    private readonly Dictionary<int, List<FailedAttempt>> _failed = [];
    private readonly int _requestLength;
    private readonly int _maxActive;
    private int _sources;

    /// <param name="have">What is there already.</param>
    /// <param name="budget">What all downloads of a peer server share.</param>
    public RequestScheduler(ContentDescription content, Bitfield have, Random random, PieceMemoryBudget budget)
    {
        _budget = budget;
        _content = content;
        _picker = new PiecePicker(have, random);
        _requestLength = Math.Min(PreferredRequestLength, content.PieceLength);
        _maxActive = Math.Max(4, MaxActiveBytes / content.PieceLength);
    }

    public void Join(DownloadSource source, Bitfield has)
    {
        lock (_lock)
        {
            source.Has = has;
            _sources++;
            _picker.AddSource(has);
        }
    }

    /// <summary>Counts pieces that turned out to be there already. Nothing was asked for yet.</summary>
    public void AddVerified(Bitfield have)
    {
        lock (_lock)
        {
            for (var i = 0; i < have.Length; i++)
            {
                if (have[i])
                {
                    _picker.SetHave(i);
                }
            }
        }
    }

    /// <summary>Counts pieces that a source has got since.</summary>
    public void AddHaves(DownloadSource source, ReadOnlySpan<int> pieces)
    {
        lock (_lock)
        {
            foreach (var piece in pieces)
            {
                if (source.Has!.Set(piece))
                {
                    _picker.AddHave(piece);
                }
            }
        }
    }

    /// <summary>Gives back all that a lost source was asked for.</summary>
    public void Leave(DownloadSource source)
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

            foreach (var piece in _active.Values.ToArray())
            {
                GiveBack(piece, source);
            }

            source.Asked.Clear();
            source.AskedBytes = 0;
            source.Current = null;
        }
    }

    /// <summary>Whether the source has anything that is still missing.</summary>
    public bool IsInteresting(DownloadSource source)
    {
        lock (_lock)
        {
            return source.Has is { } has && _picker.IsInteresting(has);
        }
    }

    /// <summary>Chooses what to ask a source for next, and counts it as asked.</summary>
    /// <returns>False where nothing more is to be asked of it now.</returns>
    public bool TryNext(DownloadSource source, out BlockRange range)
    {
        lock (_lock)
        {
            range = default;
            if (source.IsLost || source.IsSpare || source.Has is null || source.AskedBytes >= Window(source))
            {
                return false;
            }

            var (piece, part) = Choose(source);
            if (piece is null || part is null)
            {
                return false;
            }

            if (source.AskedBytes == 0)
            {
                source.AskedAt = DownloadTimings.Now;
            }

            part.State = ActivePiece.PartState.Requested;
            part.AskedOf.Add(source);
            source.Asked[(piece.Index, part.Begin, part.Length)] = true;
            source.AskedBytes += part.Length;
            range = new BlockRange(source.Channel.Id, piece.Index, part.Begin, part.Length);
            return true;
        }
    }

    /// <summary>Says that bytes begin to arrive.</summary>
    /// <returns>Where to put them; null where they are not needed any more and have to be skipped.</returns>
    /// <exception cref="WireException">They were never asked for.</exception>
    public (ActivePiece Piece, ActivePiece.Part Part)? BeginReceive(DownloadSource source, int pieceIndex, int begin, int length)
    {
        lock (_lock)
        {
            if (!Answered(source, pieceIndex, begin, length))
            {
                return null;
            }

            if (!_active.TryGetValue(pieceIndex, out var piece)
                || piece.Find(begin, length) is not { } part
                || part.State is not ActivePiece.PartState.Requested)
            {
                return null;
            }

            part.AskedOf.Remove(source);
            source.Receiving = (pieceIndex, DownloadTimings.Now);
            part.State = ActivePiece.PartState.Receiving;
            part.Sender = source.Fingerprint;
            return (piece, part);
        }
    }

    /// <summary>Says that a part has arrived and was hashed.</summary>
    /// <returns>Whether the piece is whole now, for the caller to verify, and whom to send a cancel for this part.</returns>
    public (bool IsWhole, DownloadSource[] Losers) EndReceive(DownloadSource source, ActivePiece piece, ActivePiece.Part part)
    {
        lock (_lock)
        {
            source.CountArrival(part.Length);
            part.State = ActivePiece.PartState.Received;
            DownloadSource[] losers = [.. part.AskedOf];
            foreach (var loser in losers)
            {
                TakeBack(loser, piece, part);
            }

            return (piece.IsReceived, losers);
        }
    }

    /// <summary>Says that a part broke off while it arrived.</summary>
    public void AbortReceive(ActivePiece piece, ActivePiece.Part part)
    {
        lock (_lock)
        {
            part.State = part.AskedOf.Count > 0 ? ActivePiece.PartState.Requested : ActivePiece.PartState.Missing;
            part.Sender = null;
            if (piece.Owner?.IsLost != false)
            {
                piece.Owner = null;
            }
        }
    }

    /// <summary>Says that a request was refused: its piece is not asked of this source again.</summary>
    /// <exception cref="WireException">It was never asked for.</exception>
    public void Rejected(DownloadSource source, BlockRange range)
    {
        lock (_lock)
        {
            if (!Answered(source, range.Piece, range.Begin, range.Count))
            {
                return;
            }

            if (source.Has![range.Piece])
            {
                source.Has.Clear(range.Piece);
                _picker.RemoveHave(range.Piece);
            }

            if (_active.TryGetValue(range.Piece, out var piece))
            {
                GiveBack(piece, source);
            }
        }
    }

    /// <summary>Says that a piece's hash was right and its bytes are written.</summary>
    /// <returns>Those who are shown now to have sent wrong blocks of it earlier.</returns>
    public IReadOnlyList<Hash256> Completed(ActivePiece piece)
    {
        lock (_lock)
        {
            Remove(piece);
            _picker.SetHave(piece.Index);
            var liars = _failed.Remove(piece.Index, out var attempts)
                ? attempts.SelectMany(attempt => attempt.FindLiars(piece)).Distinct().ToArray()
                : [];
            Forget(piece);
            return liars;
        }
    }

    /// <summary>Says that a piece's hash was wrong: it is fetched again, from one source.</summary>
    /// <returns>Its sender where all of it came from one; else nobody yet.</returns>
    public IReadOnlyList<Hash256> Failed(ActivePiece piece)
    {
        lock (_lock)
        {
            Hash256[] senders = [.. piece.Parts.Select(part => part.Sender!.Value).Distinct()];
            if (senders.Length > 1)
            {
                _failed.TryAdd(piece.Index, []);
                _failed[piece.Index].Add(new FailedAttempt(piece));
            }

            Remove(piece);
            _picker.SetMissing(piece.Index);
            Forget(piece);
            return senders.Length == 1 ? senders : [];
        }
    }

    /// <summary>Gives the buffers back when the download ends; those that bytes still arrive in are left to the collector.</summary>
    public void ReleaseBuffers()
    {
        lock (_lock)
        {
            foreach (var piece in _active.Values)
            {
                _budget.GiveBack(piece.Length);
                if (piece.Parts.All(part => part.State != ActivePiece.PartState.Receiving))
                {
                    piece.Dispose();
                }
            }

            _active.Clear();
        }
    }

    // Half a second ahead at the speed it has, within bounds. Where there are many sources each has a small part of this
    // side's link, and what is asked of it too early waits there while others could send it.
    private long Window(DownloadSource source) => (long)Math.Clamp(
        source.Speed.BytesPerSecond / 2, Math.Max(MinAskedBytes / Math.Max(1, _sources), MinRequests * _requestLength), MaxAskedBytes);

    private (ActivePiece? Piece, ActivePiece.Part? Part) Choose(DownloadSource source)
    {
        if (source.Current is { } current)
        {
            if (FindMissing(current) is { } part)
            {
                return (current, part);
            }

            source.Current = null;
        }

        // What a lost source left half done comes first: it is closest to being whole.
        foreach (var orphan in _active.Values)
        {
            if (orphan.Owner is null && source.Has![orphan.Index] && FindMissing(orphan) is { } part)
            {
                orphan.Owner = source;
                source.Current = orphan;
                return (orphan, part);
            }
        }

        if (_active.Count < _maxActive && TryTakeBudget() && TryPick(source.Has!, out var picked))
        {
            var piece = new ActivePiece(_content, picked, Math.Min(_requestLength, _content.PieceLength))
            {
                Owner = source,
                IsExclusive = _failed.ContainsKey(picked),
            };
            _active[picked] = piece;
            source.Current = piece;
            return (piece, piece.Parts[0]);
        }

        return _picker.MissingCount == 0 ? ChooseAtEnd(source) : default;
    }

    private bool TryTakeBudget()
    {
        if (_active.Count >= MinActive)
        {
            return _budget.TryTake(_content.PieceLength);
        }

        _budget.Take(_content.PieceLength);
        return true;
    }

    // The last piece may be shorter than what was taken for it.
    private bool TryPick(Bitfield has, out int picked)
    {
        picked = _picker.Pick(has);
        _budget.GiveBack(_content.PieceLength - (picked < 0 ? 0 : _content.PieceSize(picked)));
        return picked >= 0;
    }

    private (ActivePiece? Piece, ActivePiece.Part? Part) ChooseAtEnd(DownloadSource source)
    {
        (ActivePiece? Piece, ActivePiece.Part? Part) doubled = default;
        foreach (var piece in _active.Values)
        {
            if (piece.IsExclusive || !source.Has![piece.Index])
            {
                continue;
            }

            if (FindMissing(piece) is { } missing)
            {
                return (piece, missing);
            }

            // Asking the same peer twice, over a second connection, would only send the bytes twice.
            doubled = piece.Parts.FirstOrDefault(part => part.State == ActivePiece.PartState.Requested
                && part.AskedOf.Count < MaxAskedOf
                && part.AskedOf.TrueForAll(other => other.Fingerprint != source.Fingerprint)
                && (doubled.Part is null || part.AskedOf.Count < doubled.Part.AskedOf.Count)) is { } better
                    ? (piece, better)
                    : doubled;
        }

        return doubled;
    }

    private static ActivePiece.Part? FindMissing(ActivePiece piece)
    {
        foreach (var part in piece.Parts)
        {
            if (part.State == ActivePiece.PartState.Missing)
            {
                return part;
            }
        }

        return null;
    }

    // False where the request was taken back since: its answer is of no interest.
    private static bool Answered(DownloadSource source, int piece, int begin, int length)
    {
        if (!source.Asked.Remove((piece, begin, length), out var isWanted))
        {
            throw new WireException($"Bytes of piece {piece} came that were not asked for.");
        }

        if (isWanted)
        {
            source.AskedBytes -= length;
        }

        return isWanted;
    }

    private static void TakeBack(DownloadSource source, ActivePiece piece, ActivePiece.Part part)
    {
        part.AskedOf.Remove(source);
        source.Asked[(piece.Index, part.Begin, part.Length)] = false;
        source.AskedBytes -= part.Length;
    }

    private void GiveBack(ActivePiece piece, DownloadSource source)
    {
        foreach (var part in piece.Parts)
        {
            if (part.AskedOf.Remove(source) && part is { State: ActivePiece.PartState.Requested, AskedOf.Count: 0 })
            {
                part.State = ActivePiece.PartState.Missing;
            }
        }

        if (piece.Owner != source)
        {
            return;
        }

        piece.Owner = null;
        if (source.Current == piece)
        {
            source.Current = null;
        }

        // Nothing is lost with it, or its parts must not mix with those of the next one: back to the start.
        var isEmpty = Array.TrueForAll(piece.Parts, part => part.State == ActivePiece.PartState.Missing);
        if (isEmpty || (piece.IsExclusive && Array.TrueForAll(piece.Parts, part => part.State != ActivePiece.PartState.Receiving)))
        {
            Remove(piece);
            _picker.SetMissing(piece.Index);
            Forget(piece);
        }
    }

    // Nothing where the download has ended meanwhile.
    private void Remove(ActivePiece piece)
    {
        if (_active.Remove(piece.Index))
        {
            _budget.GiveBack(piece.Length);
        }
    }

    private static void Forget(ActivePiece piece)
    {
        foreach (var part in piece.Parts)
        {
            foreach (var source in part.AskedOf.ToArray())
            {
                TakeBack(source, piece, part);
            }
        }

        if (piece.Owner is { } owner && owner.Current == piece)
        {
            owner.Current = null;
        }

        piece.Dispose();
    }

    /// <summary>What came from whom when the hash was wrong, to be held against the right blocks once they are there.</summary>
    private sealed class FailedAttempt(ActivePiece piece)
    {
        private readonly Hash256[] _leaves = piece.Leaves.ToArray();
        private readonly (int Begin, int Length, Hash256 Sender)[] _parts =
            [.. piece.Parts.Select(part => (part.Begin, part.Length, part.Sender!.Value))];

        public List<Hash256> FindLiars(ActivePiece right)
        {
            var liars = new List<Hash256>();
            foreach (var (begin, length, sender) in _parts)
            {
                var first = begin / PieceLength.Block;
                var count = (length + PieceLength.Block - 1) / PieceLength.Block;
                if (!_leaves.AsSpan(first, count).SequenceEqual(right.Leaves.Slice(first, count)))
                {
                    liars.Add(sender);
                }
            }

            return liars;
        }
    }
}
