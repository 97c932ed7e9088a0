using System.Security.Cryptography.X509Certificates;

namespace P2PShare.Protocol;

/// <summary>The two SHA-256 values that a certificate is known by.</summary>
public static class CertificateHashes
{
    /// <summary>
    /// The fingerprint of a tracker or peer: SHA-256 of its public key (SubjectPublicKeyInfo, DER), so that a renewed
    /// certificate of the same key keeps it (RFC 7469 pins keys for the same reason).
    /// </summary>
    public static Hash256 Fingerprint(X509Certificate2 certificate) =>
        Hash256.Compute(certificate.PublicKey.ExportSubjectPublicKeyInfo());

    /// <summary>SHA-256 of the whole certificate (DER): what a ticket is bound to (<c>x5t#S256</c>, RFC 8705).</summary>
    public static Hash256 Whole(X509Certificate2 certificate) => Hash256.Compute(certificate.RawDataMemory.Span);
}
