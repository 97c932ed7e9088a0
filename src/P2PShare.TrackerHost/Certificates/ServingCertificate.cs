using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Certificates;

/// <summary>
/// The certificate that new connections get: the operator's, read again when its files change, or the one that the tracker
/// created for itself. Open connections keep the certificate that they began with.
/// </summary>
internal sealed class ServingCertificate : IDisposable
{
    private readonly CertificateOptions _options;
    private volatile Served _served;
    private string? _lastFailure;
    private string? _reportedFailure;

    private ServingCertificate(CertificateOptions options, Served served)
    {
        _options = options;
        _served = served;
    }

    /// <summary>Of its public key.</summary>
    public Hash256 Fingerprint => CertificateHashes.Fingerprint(_served.Certificate);

    public DateTimeOffset Begins => _served.Certificate.NotBefore;

    public DateTimeOffset Expires => _served.Certificate.NotAfter;

    /// <summary>Raised with the new fingerprint when another key is served.</summary>
    public event Action<Hash256>? FingerprintChanged;

    /// <exception cref="P2PShareException">It cannot be read, or created; the message says why.</exception>
    /// <param name="dataPath">Folder of the tracker's own certificate.</param>
    public static ServingCertificate Load(CertificateOptions options, string dataPath, TimeProvider clock) => new(options, options.CertificatePath is null
        ? new Served(default, TrackerCertificate.LoadOrCreate(dataPath, clock), [])
        : new Served(CertificateFile.Read(options)));

    public void Serve(ListenOptions listener, TimeSpan handshakeTimeout) => listener.UseHttps(new TlsHandshakeCallbackOptions
    {
        HandshakeTimeout = handshakeTimeout,
        OnConnection = connection =>
        {
            // With a policy .NET makes OpenSSL's context anew for each connection, which costs memory and time. The suites of TLS 1.3 need none.
            var needsPolicy = !OperatingSystem.IsLinux() || !connection.ClientHelloInfo.SslProtocols.HasFlag(SslProtocols.Tls13);
            return ValueTask.FromResult(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = _served.Context,
                EnabledSslProtocols = needsPolicy ? SslProtocols.Tls12 | SslProtocols.Tls13 : SslProtocols.Tls13,
                CipherSuitesPolicy = needsPolicy ? CipherSuites.Policy : null,
            });
        },
    });

    /// <summary>Reads the files again. Unusable ones leave the certificate as it is, and are logged once.</summary>
    public void Reload(ILogger logger)
    {
        if (_options.CertificatePath is null)
        {
            return;
        }

        try
        {
            var file = CertificateFile.Read(_options);
            _lastFailure = _reportedFailure = null;
            if (file.Digest == _served.Digest)
            {
                file.Certificate.Dispose();
                return;
            }

            var before = Fingerprint;
            // The old one stays for the handshakes under way.
            _served = new Served(file);
            var after = Fingerprint;
            logger.CertificateReplaced(after, Expires);
            if (after != before)
            {
                logger.FingerprintChanged(before, after);
                FingerprintChanged?.Invoke(after);
            }
        }
        catch (P2PShareException e)
        {
            // The first time it may be in the middle of being replaced, a certificate without its key yet.
            if (e.Message == _lastFailure && e.Message != _reportedFailure)
            {
                logger.CertificateKept(e.Message, Expires);
                _reportedFailure = e.Message;
            }

            _lastFailure = e.Message;
        }
    }

    public void Dispose() => _served.Certificate.Dispose();

    private sealed class Served(Hash256 digest, X509Certificate2 certificate, X509Certificate2Collection chain)
    {
        public Served(CertificateFile file)
            : this(file.Digest, file.Certificate, file.Chain)
        {
        }

        public Hash256 Digest => digest;

        public X509Certificate2 Certificate => certificate;

        // Only the chain in the file is sent: nothing is fetched from anywhere.
        public SslStreamCertificateContext Context { get; } = SslStreamCertificateContext.Create(certificate, chain, offline: true);
    }
}
