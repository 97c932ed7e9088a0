using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Transfer.Downloading;

/// <summary>A channel to a peer, as a download uses it. Two are equal if their channel is the same.</summary>
internal interface ISource
{
    /// <summary>Number of the channel on its connection.</summary>
    uint ChannelId { get; }

    /// <summary>Of the peer's certificate. A peer with bulk connections has several channels with one fingerprint.</summary>
    Hash256 Fingerprint { get; }

    IPEndPoint RemoteEndPoint { get; }

    /// <summary>The way to the peer, measured until now; null if it is not known.</summary>
    TcpPath? Path { get; }

    /// <summary>What the peer has; null until its bitfield arrives.</summary>
    Bitfield? RemoteHas { get; }

    /// <summary>Whether this side opened the channel; the side that opened it closes it.</summary>
    bool IsOpenedHere { get; }

    /// <summary>Whether this side dialled the connection.</summary>
    bool IsDialled { get; }

    /// <summary>Whether this is a further connection to a fast peer, used by one download only.</summary>
    bool IsBulk { get; }

    /// <summary>Whether the connection ended because both peers had dialled and the other connection stays.</summary>
    bool IsDuplicate { get; }

    /// <summary>Whether the channel or its connection has ended.</summary>
    bool IsClosed { get; }

    /// <summary>Why the other side ended the channel; null if it gave no reason.</summary>
    CloseReason? RemoteReason { get; }

    /// <summary>Time since bytes of a piece arrived last, over the whole connection.</summary>
    TimeSpan PieceIdle { get; }

    /// <summary>Lets a download receive what arrives on the channel.</summary>
    /// <returns>What the peer has; null if its bitfield has not arrived: the listener receives it then.</returns>
    Bitfield? Listen(IChannelListener listener);

    void StopListening();

    /// <summary>Shows the ticket of a later look-up, unless it was shown already, and keeps what it says of the peer.</summary>
    void Renew(SourceLocator.Sources found);

    void Request(BlockRange range);

    void Cancel(BlockRange range);

    void RequestHashes(HashRange range);

    void RequestTree(TreeRange range);

    void RequestMap(MapRange range);

    /// <summary>Ends the channel on both sides.</summary>
    void Close(CloseReason reason);

    /// <summary>Ends the connection once the reason is sent.</summary>
    void Disconnect(CloseReason reason);

    /// <summary>Ends the connection at once.</summary>
    void Abort();
}
