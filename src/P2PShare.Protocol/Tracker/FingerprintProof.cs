using System.Security.Cryptography;
using System.Text;

namespace P2PShare.Protocol.Tracker;

/// <summary>
/// Proves that the sender of an announce has the key whose fingerprint it announces: no user can list another's peer under an address
/// of its own. An ECDSA P-256 signature with SHA-256 over <c>p2pshare-announce/2</c> in ASCII, the tracker's id, the session's id (16 bytes
/// each, big-endian) and the fingerprint (32 bytes): of another tracker or session it proves nothing.
/// </summary>
/// <param name="PublicKey">SubjectPublicKeyInfo (RFC 5280), whose SHA-256 is the fingerprint.</param>
/// <param name="Signature">64 bytes: r and s (IEEE P1363).</param>
public sealed record FingerprintProof(byte[] PublicKey, byte[] Signature)
{
    private const int MaxKeyLength = 256;
    private const int SignatureLength = 64;
    private const int GuidLength = 16;

    private static readonly byte[] Purpose = Encoding.ASCII.GetBytes("p2pshare-announce/2");

    /// <param name="key">The peer's private key, of the curve P-256.</param>
    public static FingerprintProof Make(ECDsa key, Guid tracker, Guid session)
    {
        var publicKey = key.ExportSubjectPublicKeyInfo();
        return new FingerprintProof(publicKey, key.SignData(Message(tracker, session, Hash256.Compute(publicKey)), HashAlgorithmName.SHA256));
    }

    /// <summary>Whether it was made with the key of this fingerprint for this tracker and session.</summary>
    public bool Proves(Hash256 fingerprint, Guid tracker, Guid session)
    {
        if (PublicKey.Length > MaxKeyLength || Signature.Length != SignatureLength || Hash256.Compute(PublicKey) != fingerprint)
        {
            return false;
        }

        try
        {
            using var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(PublicKey, out var read);
            return read == PublicKey.Length
                && key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value
                && key.VerifyData(Message(tracker, session, fingerprint), Signature, HashAlgorithmName.SHA256);
        }
        catch (CryptographicException)
        {
            // Not a key.
            return false;
        }
    }

    private static byte[] Message(Guid tracker, Guid session, Hash256 fingerprint)
    {
        var message = new byte[Purpose.Length + 2 * GuidLength + Hash256.Size];
        Purpose.CopyTo(message, 0);
        tracker.TryWriteBytes(message.AsSpan(Purpose.Length), bigEndian: true, out _);
        session.TryWriteBytes(message.AsSpan(Purpose.Length + GuidLength), bigEndian: true, out _);
        fingerprint.CopyTo(message.AsSpan(Purpose.Length + 2 * GuidLength));
        return message;
    }
}
