using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Peers;

namespace P2PShare.Transfer.Downloading;

/// <summary>One channel seen as a source of one download: what it has, and what it was asked for.</summary>
internal sealed class DownloadSource(ContentChannel channel)
{
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

    /// <summary>When it was asked for something while nothing else was on its way, in <see cref="DownloadClock.Now"/>.</summary>
    public long AskedAt { get; set; }

    /// <summary>Of all parts that arrived from it.</summary>
    public long BytesReceived { get; set; }

    /// <summary>Bytes a second, smoothed; decides how much is asked for ahead.</summary>
    public SpeedMeter Speed { get; } = new(TimeProvider.System);

    public bool IsLost { get; set; }

    /// <summary>Not asked for anything: the same peer is asked over bulk connections.</summary>
    public bool IsSpare { get; set; }
}
