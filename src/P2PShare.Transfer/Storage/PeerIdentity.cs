using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Storage;

/// <summary>
/// The certificate that identifies one peer server, kept in the state folder and held by one server at a time: a
/// second server of the same folder, in this process or another, takes the next one, so that no two have one
/// fingerprint.
/// </summary>
internal sealed class PeerIdentity : IDisposable
{
    private readonly SafeFileHandle _lock;

    private PeerIdentity(X509Certificate2 certificate, SafeFileHandle heldLock)
    {
        _lock = heldLock;
        Certificate = certificate;
        Fingerprint = CertificateHashes.Fingerprint(certificate);
        CertificateHash = CertificateHashes.Whole(certificate);
        Context = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
    }

    public X509Certificate2 Certificate { get; }

    public SslStreamCertificateContext Context { get; }

    public Hash256 Fingerprint { get; }

    public Hash256 CertificateHash { get; }

    /// <exception cref="P2PShareException"><see cref="ErrorCode.StateFolderUnusable"/>: the folder cannot be read or written.</exception>
    public static PeerIdentity Acquire(StateFolder state, TimeProvider clock)
    {
        try
        {
            return Acquire(Path.Combine(state.Path, "identities"), clock);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new P2PShareException(ErrorCode.StateFolderUnusable, $"The peer's certificate cannot be kept in '{state.Path}': {e.Message}", e);
        }
    }

    /// <summary>Proves to a tracker that this peer has the key of its fingerprint.</summary>
    public FingerprintProof Prove(Guid tracker, Guid session)
    {
        using var key = Certificate.GetECDsaPrivateKey()!;
        return FingerprintProof.Make(key, tracker, session);
    }

    public void Dispose()
    {
        Certificate.Dispose();
        ExclusiveFile.Close(_lock);
    }

    private static PeerIdentity Acquire(string folder, TimeProvider clock)
    {
        PrivateFolder.Ensure(folder);
        for (var slot = 1; ; slot++)
        {
            if (PrivateFile.TryLock(Path.Combine(folder, $"{slot}.lock")) is { } heldLock)
            {
                try
                {
                    return new PeerIdentity(LoadOrCreate(Path.Combine(folder, $"{slot}.pfx"), clock), heldLock);
                }
                catch
                {
                    heldLock.Dispose();
                    throw;
                }
            }
        }
    }

    private static X509Certificate2 LoadOrCreate(string path, TimeProvider clock)
    {
        // SslStream on Windows cannot use ephemeral keys.
        var flags = OperatingSystem.IsWindows() ? X509KeyStorageFlags.DefaultKeySet : X509KeyStorageFlags.EphemeralKeySet;
        try
        {
            if (PrivateFile.Read(path) is { } kept)
            {
                return X509CertificateLoader.LoadPkcs12(kept, null, flags);
            }
        }
        catch (CryptographicException)
        {
            // Damaged. Others learn this peer's fingerprint from the tracker each time: a new one is as good.
        }

        var made = Create(clock);
        PrivateFile.Write(path, made);
        return X509CertificateLoader.LoadPkcs12(made, null, flags);
    }

    private static byte[] Create(TimeProvider clock)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=p2pshare peer", key, HashAlgorithmName.SHA256);
        // A peer is identified by its key, never by these dates, but a certificate has to have some.
        var now = clock.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(50));
        return certificate.Export(X509ContentType.Pkcs12);
    }
}
