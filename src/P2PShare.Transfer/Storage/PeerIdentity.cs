using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using P2PShare.Protocol;

namespace P2PShare.Transfer.Storage;

/// <summary>
/// The certificate that one peer server is known by, kept in the state folder and held by one server at a time: a
/// second server of the same folder, in this process or another, takes the next one, so that no two answer to one
/// fingerprint.
/// </summary>
internal sealed class PeerIdentity : IDisposable
{
    private readonly FileStream _lock;

    private PeerIdentity(X509Certificate2 certificate, FileStream heldLock)
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

    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static PeerIdentity Acquire(StateFolder state)
    {
        var folder = Path.Combine(state.Path, "identities");
        Directory.CreateDirectory(folder);
        for (var slot = 1; ; slot++)
        {
            if (TryLock(Path.Combine(folder, $"{slot}.lock")) is { } heldLock)
            {
                try
                {
                    return new PeerIdentity(LoadOrCreate(Path.Combine(folder, $"{slot}.pfx")), heldLock);
                }
                catch
                {
                    heldLock.Dispose();
                    throw;
                }
            }
        }
    }

    public void Dispose()
    {
        Certificate.Dispose();
        _lock.Dispose();
    }

    private static FileStream? TryLock(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
    }

    private static X509Certificate2 LoadOrCreate(string path)
    {
        if (!File.Exists(path))
        {
            WritePrivately(path, Create());
        }

        // SslStream on Windows cannot use ephemeral keys.
        var flags = OperatingSystem.IsWindows() ? X509KeyStorageFlags.DefaultKeySet : X509KeyStorageFlags.EphemeralKeySet;
        return X509CertificateLoader.LoadPkcs12FromFile(path, null, flags);
    }

    private static byte[] Create()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=p2pshare peer", key, HashAlgorithmName.SHA256);
        // Peers are told apart by key, never by date: the dates only have to be there.
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddYears(50));
        return certificate.Export(X509ContentType.Pkcs12);
    }

    private static void WritePrivately(string path, byte[] bytes)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var temporary = path + ".new";
        File.Delete(temporary);
        using (var file = new FileStream(temporary, options))
        {
            file.Write(bytes);
        }

        File.Move(temporary, path, overwrite: true);
    }
}
