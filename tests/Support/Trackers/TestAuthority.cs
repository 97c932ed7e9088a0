using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace P2PShare.Support;

/// <summary>A certificate authority of a test's own: a root, an intermediate, and the certificates that it signs.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly ECDsa _rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _intermediateKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _signer;

    public TestAuthority()
    {
        var now = DateTimeOffset.UtcNow;
        Root = Request("CN=test root", _rootKey, authority: true).CreateSelfSigned(now.AddYears(-1), now.AddYears(5));
        Intermediate = Request("CN=test intermediate", _intermediateKey, authority: true).Create(Root, now.AddYears(-1), now.AddYears(4), [1, 2, 3]);
        _signer = Intermediate.CopyWithPrivateKey(_intermediateKey);
    }

    public X509Certificate2 Root { get; }

    public X509Certificate2 Intermediate { get; }

    /// <summary>A certificate for localhost and 127.0.0.1, with its key.</summary>
    public X509Certificate2 Issue(DateTimeOffset? expires = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request("CN=localhost", key, authority: false);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        var end = expires ?? DateTimeOffset.UtcNow.AddDays(90);
        using var certificate = request.Create(_signer, end.AddDays(-91), end, RandomNumberGenerator.GetBytes(8));
        return certificate.CopyWithPrivateKey(key);
    }

    /// <summary>A certificate and its issuer, as PEM.</summary>
    public string Chain(X509Certificate2 certificate) => $"{certificate.ExportCertificatePem()}\n{Intermediate.ExportCertificatePem()}\n";

    public static string Key(X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        return key.ExportPkcs8PrivateKeyPem() + "\n";
    }

    public static string EncryptedKey(X509Certificate2 certificate, string password)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        return key.ExportEncryptedPkcs8PrivateKeyPem(password, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)) + "\n";
    }

    public void Dispose()
    {
        _signer.Dispose();
        Intermediate.Dispose();
        Root.Dispose();
        _intermediateKey.Dispose();
        _rootKey.Dispose();
    }

    private static CertificateRequest Request(string name, ECDsa key, bool authority)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            authority ? X509KeyUsageFlags.KeyCertSign : X509KeyUsageFlags.DigitalSignature, critical: true));
        return request;
    }
}
