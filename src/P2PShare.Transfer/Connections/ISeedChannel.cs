using P2PShare.Protocol;
using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Connections;

/// <summary>What super-seeding needs of a channel.</summary>
internal interface ISeedChannel
{
    Hash256 RemoteFingerprint { get; }

    /// <summary>What the other side has; null until it has sent its bitfield.</summary>
    Bitfield? RemoteHas { get; }

    /// <summary>Tells the other side that it can have pieces. Does nothing before the bitfield was sent.</summary>
    void SendHaves(ReadOnlySpan<int> pieces);
}
