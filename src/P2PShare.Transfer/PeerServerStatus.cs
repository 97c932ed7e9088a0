using P2PShare.Protocol;

namespace P2PShare.Transfer;

/// <summary>What a peer server does right now.</summary>
/// <param name="Connections">Peers connected.</param>
/// <param name="ActiveUploads">Contents that peers fetch now.</param>
/// <param name="SharedFiles">Names offered, over all groups.</param>
/// <param name="BytesUploaded">Bytes of pieces sent since it started.</param>
/// <param name="BytesDownloaded">Verified bytes received since it started.</param>
/// <param name="Uploads">Bytes of pieces sent of contents that peers have open, by the peer's fingerprint; what is no longer open was reported as an <see cref="Connections.UploadRecord"/>.</param>
public sealed record PeerServerStatus(
    int Connections, int ActiveUploads, int SharedFiles, long BytesUploaded, long BytesDownloaded, IReadOnlyDictionary<Hash256, long> Uploads);
