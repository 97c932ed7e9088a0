using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Connections;

/// <summary>TCP and TLS, as <see cref="PeerTls"/> makes them.</summary>
/// <param name="findDetour">As <see cref="PeerServerOptions.FindDetour"/>.</param>
internal sealed class TlsTransport(PeerIdentity identity, TimeProvider clock, Func<Hash256, IPEndPoint?>? findDetour = null) : IPeerTransport
{
    private readonly DialLimiter _limiter = new(clock);

    public async Task<(Stream Stream, RemotePeer Remote)> DialAsync(SourcePeer peer, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> endPoints = findDetour?.Invoke(peer.Fingerprint) is { } detour ? [detour.ToString(), .. peer.EndPoints] : peer.EndPoints;
        var (stream, endPoint) = await PeerTls.DialAsync(identity, peer.Fingerprint, endPoints, cancellationToken, _limiter).ConfigureAwait(false);
        return (stream, PeerTls.Identify(stream, endPoint));
    }

    public (Stream Stream, RemotePeer Remote) DialBlocking(Hash256 fingerprint, IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        var stream = PeerTls.DialBlocking(identity, fingerprint, endPoint, cancellationToken);
        return (stream, PeerTls.Identify(stream, endPoint));
    }
}
