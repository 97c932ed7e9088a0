using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Tracker;

/// <summary>HTTPS to one tracker, and the decision whether its certificate is the right one.</summary>
internal sealed class TrackerTransport : IDisposable
{
    private readonly KnownTrackers _known;
    private readonly bool _trustOnFirstUse;
    private readonly HttpClient _http;
    private volatile UntrustedTrackerException? _refused;

    public TrackerTransport(TrackerAddress address, KnownTrackers known, bool trustOnFirstUse)
    {
        Address = address;
        _known = known;
        _trustOnFirstUse = trustOnFirstUse;
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(10),
            // A tracker that moved is found again without a restart of the shell.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            AutomaticDecompression = DecompressionMethods.All,
            AllowAutoRedirect = false,
            UseCookies = false,
            SslOptions = new SslClientAuthenticationOptions
            {
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                RemoteCertificateValidationCallback = (_, certificate, _, errors) => IsTrusted(certificate, errors),
            },
        })
        {
            BaseAddress = new Uri($"https://{address.Authority}"),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            // Each request has a time-out of its own, which a cancellation can be told from.
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public TrackerAddress Address { get; }

    /// <exception cref="P2PShareException">The tracker cannot be reached or trusted.</exception>
    public async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, HttpCompletionOption completion, CancellationToken cancellationToken)
    {
        try
        {
            return await _http.SendAsync(request, completion, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            throw Explain(e);
        }
    }

    public void Dispose() => _http.Dispose();

    private P2PShareException Explain(HttpRequestException e)
    {
        if (e.HttpRequestError == HttpRequestError.SecureConnectionError && _refused is { } refused)
        {
            return refused;
        }

        return e.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => new P2PShareException(
                ErrorCode.TrackerHostUnknown, $"The tracker's host '{Address.Host}' is not known. Check its spelling and the name service.", e),
            HttpRequestError.SecureConnectionError => new P2PShareException(
                ErrorCode.NotATracker, $"What answers at {Address.Authority} does not speak HTTPS as a tracker does. Check the host and the port.", e),
            HttpRequestError.ConnectionError => new P2PShareException(
                ErrorCode.TrackerUnreachable,
                $"No tracker answers at {Address.Authority}: {e.InnerException?.Message ?? e.Message}. Check the address, and that the tracker runs.",
                e),
            _ => new P2PShareException(
                ErrorCode.TrackerUnreachable, $"The connection to the tracker {Address.Authority} was lost: {e.InnerException?.Message ?? e.Message}", e),
        };
    }

    private bool IsTrusted(X509Certificate? certificate, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 shown)
        {
            return false;
        }

        var fingerprint = CertificateHashes.Fingerprint(shown);
        if (Address.Fingerprint is { } pinned)
        {
            return fingerprint == pinned || Refuse(ErrorCode.TrackerCertificateChanged, fingerprint,
                $"The tracker {Address.Authority} has the fingerprint {fingerprint}, not {pinned}, which was asked for. Somebody may be in between; ask the tracker's operator for its fingerprint.");
        }

        if (errors == SslPolicyErrors.None)
        {
            return true;
        }

        if (_known.Find(Address) is { } known)
        {
            return fingerprint == known || Refuse(ErrorCode.TrackerCertificateChanged, fingerprint,
                $"The tracker {Address.Authority} has the fingerprint {fingerprint}; when you first used it, it had {known}. Somebody may be in between; ask the tracker's operator, and if the change is real, connect once with -Fingerprint {fingerprint}.");
        }

        if (_trustOnFirstUse)
        {
            _known.Remember(Address, fingerprint);
            return true;
        }

        return Refuse(ErrorCode.TrackerCertificateUntrusted, fingerprint,
            $"The certificate of the tracker {Address.Authority} is not known. Its fingerprint is {fingerprint}. If that is what the tracker printed when it started, connect with -Fingerprint {fingerprint} or -TrustOnFirstUse.");
    }

    private bool Refuse(string code, Hash256 fingerprint, string message)
    {
        _refused = new UntrustedTrackerException(code, message, Address, fingerprint);
        return false;
    }
}
