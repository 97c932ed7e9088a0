using System.Diagnostics;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Transfer.Downloading;

/// <summary>One channel seen as a source of one download: what it has, and what it was asked for.</summary>
internal sealed class DownloadSource(DownloadSession session, ContentChannel channel) : IChannelListener
{
    private static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LeastPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MostPatience = TimeSpan.FromSeconds(60);

    private readonly long _openedAt = DownloadTimings.Now;
    private TimeSpan? _gap;
    private TimeSpan _variation;
    private long _arrivedAt;

    public ContentChannel Channel { get; } = channel;

    public Hash256 Fingerprint { get; } = channel.Connection.RemoteFingerprint;

    /// <summary>Null until it has said what it has.</summary>
    public Bitfield? Has { get; set; }

    /// <summary>The piece whose parts it is asked for next.</summary>
    public ActivePiece? Current { get; set; }

    /// <summary>Asked for and not answered; the value is false where it was taken back since.</summary>
    public Dictionary<(int Piece, int Begin, int Length), bool> Asked { get; } = [];

    /// <summary>Bytes asked for and not answered.</summary>
    public int AskedBytes { get; set; }

    /// <summary>When it was asked for something while nothing else was on its way, in <see cref="DownloadTimings.Now"/>.</summary>
    public long AskedAt { get; set; }

    /// <summary>Of all parts that arrived from it.</summary>
    public long BytesReceived { get; set; }

    /// <summary>Bytes a second, smoothed; decides how much is asked for ahead.</summary>
    public SpeedMeter Speed { get; } = new(TimeProvider.System);

    /// <summary>The piece whose bytes arrive now, and since when in <see cref="DownloadTimings.Now"/>; null between parts.</summary>
    public (int Piece, long Since)? Receiving { get; set; }

    /// <summary>
    /// How long it may leave this side without a byte before it counts as stalled: what its own gaps between parts make
    /// unlikely (the estimate of RFC 6298, four times over), within bounds.
    /// </summary>
    public TimeSpan Patience { get; private set; } = FirstPatience;

    /// <summary>
    /// How long no byte of a piece has come though it was asked for some. Other messages do not count: somebody who says much and
    /// gives nothing holds parts that others could send. Before it has said what it has: since it was asked that.
    /// </summary>
    public TimeSpan Silence => Has is null
        ? Stopwatch.GetElapsedTime(_openedAt)
        : AskedBytes == 0
        ? TimeSpan.Zero
        : TimeSpan.FromTicks(Math.Min(Channel.Connection.PieceIdle.Ticks, Stopwatch.GetElapsedTime(AskedAt).Ticks));

    public bool IsLost { get; set; }

    /// <summary>Not asked for anything: the same peer is asked over bulk connections.</summary>
    public bool IsSpare { get; set; }

    /// <summary>Counts a part that has arrived.</summary>
    public void CountArrival(int bytes)
    {
        Speed.Add(bytes);
        BytesReceived += bytes;
        Receiving = null;
        var now = DownloadTimings.Now;
        var gap = Stopwatch.GetElapsedTime(Math.Max(_arrivedAt, AskedAt), now);
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

        var patience = 4 * (_gap.Value + 4 * _variation);
        Patience = patience < LeastPatience ? LeastPatience : patience > MostPatience ? MostPatience : patience;
    }

    public BandwidthLimiter Limiter => session.Limiter;

    public void ReceiveBitfield(Bitfield has) => session.ReceiveBitfield(this, has);

    public void ReceiveHaves(int[] pieces) => session.ReceiveHaves(this, pieces);

    public void Reject(BlockRange range) => session.Rejected(this, range);

    public void ReceiveHashes(HashRange range, Hash256[] hashes) => session.ReceiveHashes(this, range, hashes);

    public void RejectHashes() => session.HashesRejected(this);

    public void Refuse(CloseReason reason) => session.Refused(this, reason);

    public void Lose() => session.Lost(this);

    public IncomingBlock? BeginReceive(PieceHeader header, int count) => session.BeginReceive(this, header, count)?.Part;

    public void AbortReceive(IncomingBlock block)
    {
        var part = (ActivePiece.Part)block;
        session.AbortReceive(part.Piece, part);
    }

    public void EndReceive(IncomingBlock block, long since)
    {
        var part = (ActivePiece.Part)block;
        session.EndReceive(this, part.Piece, part, since);
    }
}
