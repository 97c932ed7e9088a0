using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using P2PShare.Protocol;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>
/// The certificate that new connections get: the operator's, read again when its files change, or the one that the tracker
/// made for itself. Connections that are open go on with the one that they began with.
/// </summary>
internal sealed class ServingCertificate : IDisposable
{
    private readonly TrackerOptions _options;
    private volatile Served _served;
    private string? _lastFailure;
    private string? _reportedFailure;

    private ServingCertificate(TrackerOptions options, Served served)
    {
        _options = options;
        _served = served;
    }

    /// <summary>Of its public key.</summary>
    public Hash256 Fingerprint => CertificateHashes.Fingerprint(_served.Certificate);

    public DateTimeOffset Begins => _served.Certificate.NotBefore;

    public DateTimeOffset Expires => _served.Certificate.NotAfter;

    /// <summary>Told when another key is served.</summary>
    public event Action<Hash256>? FingerprintChanged;

    /// <exception cref="P2PShareException">It cannot be read, or made; the message says why.</exception>
    public static ServingCertificate Load(TrackerOptions options, TimeProvider clock) => new(options, options.CertificatePath is null
        ? new Served(default, TrackerCertificate.LoadOrCreate(options.DataPath, clock), [])
        : new Served(CertificateFile.Read(options)));

    public void Serve(ListenOptions listener) => listener.UseHttps(new TlsHandshakeCallbackOptions
    {
        HandshakeTimeout = _options.HandshakeTimeout,
        OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = _served.Context,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        }),
    });

    /// <summary>Looks whether the files have changed. What cannot be used leaves the certificate as it is, and is logged once.</summary>
    public void LookAgain(ILogger logger)
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
            // The first time it may be a certificate without its key yet, in the middle of being replaced.
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

        // What the file has is all that is sent: nothing is fetched from anywhere.
        public SslStreamCertificateContext Context { get; } = SslStreamCertificateContext.Create(certificate, chain, offline: true);
    }
}
