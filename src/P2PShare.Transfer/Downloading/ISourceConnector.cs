using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Transfer.Downloading;

/// <summary>Opens channels for one download.</summary>
internal interface ISourceConnector
{
    /// <summary>Opens a channel to a peer, over the connection that there is or a new one.</summary>
    /// <param name="found">The look-up that named the peer; its ticket allows this peer to open the content.</param>
    /// <exception cref="IOException">The peer cannot be reached, or is not the one that the tracker named.</exception>
    Task<ISource> ConnectAsync(SourcePeer peer, SourceLocator.Sources found, CancellationToken cancellationToken);

    /// <summary>Opens a channel over a further connection to a peer that this side dialled before.</summary>
    /// <param name="getFound">The last look-up. Called once the connection is there; returns null if it is not needed any more.</param>
    /// <returns>Null if it is not needed any more, if the look-up does not name the peer, or if this machine has as many bulk connections as it can use.</returns>
    /// <exception cref="IOException">The peer cannot be reached any more, or is another one now.</exception>
    Task<ISource?> ConnectBulkAsync(ISource first, Func<SourceLocator.Sources?> getFound);

    /// <summary>Opens a channel over the connection that there is to a peer.</summary>
    /// <returns>Null if there is none, or the look-up does not name the peer.</returns>
    ISource? TryReuse(Hash256 fingerprint, SourceLocator.Sources found);
}
