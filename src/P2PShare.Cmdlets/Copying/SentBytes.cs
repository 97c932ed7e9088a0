using System.Collections.Concurrent;
using P2PShare.Protocol;
using P2PShare.Transfer;

namespace P2PShare.Cmdlets.Copying;

/// <summary>What this machine's peer has sent to each target.</summary>
internal sealed class SentBytes
{
    private readonly PeerServer _server;
    private readonly ConcurrentDictionary<Hash256, long> _finished = new();

    public SentBytes(PeerServer server)
    {
        _server = server;
        server.UploadFinished += upload => _finished.AddOrUpdate(upload.Fingerprint, upload.Bytes, (_, before) => before + upload.Bytes);
    }

    /// <summary>Bytes of pieces sent to a peer so far.</summary>
    public long To(Hash256 peer) => _server.GetStatus().Uploads.GetValueOrDefault(peer) + _finished.GetValueOrDefault(peer);
}
