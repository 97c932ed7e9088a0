using System.Net;
using P2PShare.Protocol;

namespace P2PShare.Transfer.Connections;

/// <summary>The other side of a connection, as its TLS handshake proved it.</summary>
/// <param name="Fingerprint">SHA-256 of its certificate's public key.</param>
/// <param name="CertificateHash">SHA-256 of its whole certificate; tickets are bound to it.</param>
/// <param name="EndPoint">An IPv4 address is not mapped to IPv6.</param>
internal sealed record RemotePeer(Hash256 Fingerprint, Hash256 CertificateHash, IPEndPoint EndPoint);
