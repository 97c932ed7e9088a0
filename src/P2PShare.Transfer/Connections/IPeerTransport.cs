using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Connections;

/// <summary>Makes an authenticated stream to another peer.</summary>
internal interface IPeerTransport
{
    /// <exception cref="IOException">The peer cannot be reached, or is not the one that the tracker named.</exception>
    Task<(Stream Stream, RemotePeer Remote)> DialAsync(SourcePeer peer, CancellationToken cancellationToken);

    /// <summary>Blocks the caller's thread, and so does the stream.</summary>
    /// <exception cref="IOException">The peer cannot be reached, or is not the one that it was.</exception>
    (Stream Stream, RemotePeer Remote) DialBlocking(Hash256 fingerprint, IPEndPoint endPoint, CancellationToken cancellationToken);
}
