using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Wire;

namespace P2PShare.Transfer.Downloading;

/// <summary>A channel to a peer, as a download uses it: who the peer is and what can be sent to it.</summary>
internal interface ISource
{
    /// <summary>Number of the channel on its connection.</summary>
    uint ChannelId { get; }

    /// <summary>Of the peer's certificate. A peer with bulk connections has several channels with one fingerprint.</summary>
    Hash256 Fingerprint { get; }

    IPEndPoint RemoteEndPoint { get; }

    /// <summary>Whether this side opened the channel; the side that opened it closes it.</summary>
    bool IsOpenedHere { get; }

    /// <summary>Whether this side dialled the connection.</summary>
    bool IsDialled { get; }

    /// <summary>Whether this is a further connection to a fast peer, used by one download only.</summary>
    bool IsBulk { get; }

    /// <summary>Whether the connection ended because both peers had dialled and the other connection stays.</summary>
    bool IsDuplicate { get; }

    bool IsClosed { get; }

    /// <summary>Time since bytes of a piece arrived last, over the whole connection.</summary>
    TimeSpan PieceIdle { get; }

    void Request(BlockRange range);

    void Cancel(BlockRange range);

    void RequestHashes(HashRange range);
}
