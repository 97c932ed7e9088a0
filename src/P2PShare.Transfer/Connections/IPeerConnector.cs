using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Connections;

/// <summary>Connects to other peers.</summary>
internal interface IPeerConnector
{
    /// <summary>Returns the connection to a peer, or dials it.</summary>
    /// <exception cref="IOException">It cannot be reached, or is not the peer that the tracker named.</exception>
    Task<PeerConnection> ConnectAsync(SourcePeer peer, CancellationToken cancellationToken);

    /// <summary>Dials one more connection to a peer that was dialled before; a thread of its own reads from it.</summary>
    /// <returns>Null if this machine has as many bulk connections as it can use.</returns>
    /// <exception cref="IOException">The peer cannot be reached any more, or is another one now.</exception>
    Task<PeerConnection?> DialBulkAsync(PeerConnection first);

    /// <summary>The connection to a peer that is not for bulk; null if there is none.</summary>
    PeerConnection? Find(Hash256 fingerprint);

    /// <summary>Waits until there is a connection to a peer that is not for bulk, whichever side dials.</summary>
    /// <exception cref="OperationCanceledException">By <paramref name="cancellationToken"/>.</exception>
    Task<PeerConnection> WaitForAsync(Hash256 fingerprint, CancellationToken cancellationToken);
}
