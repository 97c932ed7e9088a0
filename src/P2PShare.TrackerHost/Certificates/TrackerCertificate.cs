using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Certificates;

/// <summary>The certificate that the tracker creates for itself on first start. Clients pin its key, so it is made to last.</summary>
internal static class TrackerCertificate
{
    public const string FileName = "tracker-certificate.pem";

    private const int YearsValid = 50;

    /// <summary>Reads the certificate of <paramref name="dataPath"/>, and creates it if there is none.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.PathUnreadable"/> or <see cref="ErrorCode.PathUnwritable"/>.</exception>
    public static X509Certificate2 LoadOrCreate(string dataPath, TimeProvider clock)
    {
        var path = Path.Combine(dataPath, FileName);
        try
        {
            if (!File.Exists(path))
            {
                PrivateFile.WriteOnce(path, Create(clock.GetUtcNow()));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new P2PShareException(ErrorCode.PathUnwritable, $"The tracker's certificate '{path}' cannot be written: {e.Message}", e);
        }

        try
        {
            using var certificate = X509Certificate2.CreateFromPemFile(path);
            // Windows serves a certificate whose key is in memory only if it was loaded from PKCS #12.
            return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new P2PShareException(
                ErrorCode.PathUnreadable,
                $"The tracker's certificate '{path}' cannot be read: {e.Message.TrimEnd('.')}. Restore it from a backup; removing it creates a new one, whose fingerprint every client has to learn.",
                e);
        }
    }

    private static string Create(DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=P2PShare tracker", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1", "serverAuth")], critical: false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(YearsValid));
        return $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n";
    }
}
