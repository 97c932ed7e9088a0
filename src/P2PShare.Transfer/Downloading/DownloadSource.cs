using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// A source of one download: what it has, and what was requested from it and has not arrived. The scheduler changes it under
/// its lock.
/// </summary>
internal sealed class DownloadSource(ISource peer, TimeProvider clock)
{
    private static readonly TimeSpan InitialStallTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MinStallTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MaxStallTimeout = TimeSpan.FromSeconds(60);

    // Requests that it has not answered; the value is false for those that were cancelled since.
    private readonly Dictionary<(int Piece, int Begin, int Length), bool> _pending = [];
    // Pieces that it reported while another thread was about to add its bitfield.
    private readonly List<int> _early = [];
    private readonly long _openedAt = clock.GetTimestamp();
    private TimeSpan? _gap;
    private TimeSpan _variation;
    private long _arrivedAt;

    public ISource Peer { get; } = peer;

    public Hash256 Fingerprint { get; } = peer.Fingerprint;

    /// <summary>Null until its bitfield arrives.</summary>
    public Bitfield? Has
    {
        get;
        set
        {
            field = value;
            _early.ForEach(piece => field?.Set(piece));
        }
    }

    /// <summary>The piece that the next requests are for.</summary>
    public ActivePiece? Current { get; set; }

    /// <summary>Bytes requested and neither received, rejected nor cancelled.</summary>
    public int PendingBytes { get; private set; }

    /// <summary>Requests that it has not answered, those included that were cancelled since.</summary>
    public int PendingCount => _pending.Count;

    /// <summary>When something was requested while nothing else was pending, a timestamp of the clock.</summary>
    public long RequestedAt { get; private set; }

    /// <summary>Bytes of all blocks that arrived from it.</summary>
    public long BytesReceived { get; private set; }

    /// <summary>Its speed decides how many bytes are requested ahead.</summary>
    public SpeedMeter Speed { get; } = new(clock);

    /// <summary>The piece whose bytes arrive now, and since when, a timestamp of the clock; null between blocks.</summary>
    public (int Piece, long Since)? Receiving { get; set; }

    /// <summary>
    /// How long it may send no byte before it counts as stalled: longer than its own gaps between blocks make likely
    /// (four times the estimate of RFC 6298), within bounds.
    /// </summary>
    public TimeSpan StallTimeout { get; private set; } = InitialStallTimeout;

    /// <summary>
    /// How long no byte of a piece has arrived while some were requested. Other messages do not count: a peer that sends many
    /// messages and no block holds back requests that others could answer. Before its bitfield: the time since it was asked for that.
    /// </summary>
    public TimeSpan StalledFor
    {
        get
        {
            if (Has is null)
            {
                return clock.GetElapsedTime(_openedAt);
            }

            if (PendingBytes == 0)
            {
                return TimeSpan.Zero;
            }

            var requested = clock.GetElapsedTime(RequestedAt);
            var idle = Peer.PieceIdle;
            return idle < requested ? idle : requested;
        }
    }

    public bool IsLost { get; set; }

    /// <summary>Whether nothing is requested from it, because bulk connections to the same peer are used.</summary>
    public bool IsSpare { get; set; }

    /// <summary>Records that it has got a piece.</summary>
    /// <returns>False if that was known, or will be with its bitfield.</returns>
    public bool TryAddHave(int piece)
    {
        if (Has is { } has)
        {
            return has.Set(piece);
        }

        _early.Add(piece);
        return false;
    }

    /// <summary>Counts a request as sent to it.</summary>
    public void AddPending(BlockRequest request)
    {
        if (PendingBytes == 0)
        {
            RequestedAt = clock.GetTimestamp();
        }

        request.State = BlockRequestState.Requested;
        request.RequestedFrom.Add(this);
        _pending[(request.Piece.Index, request.Begin, request.Length)] = true;
        PendingBytes += request.Length;
    }

    /// <summary>Records that a request was answered.</summary>
    /// <returns>False if the request was cancelled since: its answer is not needed.</returns>
    /// <exception cref="WireException">It was not requested.</exception>
    public bool TryCompleteRequest(int piece, int begin, int length)
    {
        if (!_pending.Remove((piece, begin, length), out var isNeeded))
        {
            throw new WireException($"Bytes of piece {piece} arrived that were not requested.");
        }

        if (isNeeded)
        {
            PendingBytes -= length;
        }

        return isNeeded;
    }

    /// <summary>Records that a request is not needed any more. The source may answer it nevertheless.</summary>
    public void Cancel(BlockRequest request)
    {
        request.RequestedFrom.Remove(this);
        _pending[(request.Piece.Index, request.Begin, request.Length)] = false;
        PendingBytes -= request.Length;
    }

    public void ClearPending()
    {
        _pending.Clear();
        PendingBytes = 0;
        Current = null;
    }

    /// <summary>Counts blocks that have arrived.</summary>
    public void CountArrival(int bytes)
    {
        Speed.Add(bytes);
        BytesReceived += bytes;
        Receiving = null;
        var now = clock.GetTimestamp();
        var gap = clock.GetElapsedTime(Math.Max(_arrivedAt, RequestedAt), now);
        _arrivedAt = now;
        if (_gap is not { } usual)
        {
            (_gap, _variation) = (gap, gap / 2);
        }
        else
        {
            _variation += ((gap - usual).Duration() - _variation) / 4;
            _gap = usual + (gap - usual) / 8;
        }

        var timeout = 4 * (_gap.Value + 4 * _variation);
        StallTimeout = timeout < MinStallTimeout ? MinStallTimeout : timeout > MaxStallTimeout ? MaxStallTimeout : timeout;
    }
}
