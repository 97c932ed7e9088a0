using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Trackers;

/// <summary>HTTPS to one tracker, and the decision whether its certificate is the right one.</summary>
internal sealed class TrackerTransport : IDisposable
{
    // A tracker that is wrong about it is asked again all the same.
    private static readonly TimeSpan LongestPeace = TimeSpan.FromMinutes(1);

    private readonly KnownTrackers _known;
    private readonly bool _trustOnFirstUse;
    private readonly TimeProvider _clock;
    private readonly TrackerTimes _times;
    private readonly HttpClient _http;
    private readonly Lock _lock = new();
    private volatile UntrustedTrackerException? _refused;
    private TrackerUnavailableException? _away;
    private long _awaySince;

    public TrackerTransport(TrackerAddress address, KnownTrackers known, bool trustOnFirstUse, TimeProvider clock, TrackerTimes times)
    {
        Address = address;
        _known = known;
        _trustOnFirstUse = trustOnFirstUse;
        _clock = clock;
        _times = times;
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectTimeout = times.Connecting,
            // A tracker that moved is found again without a restart of the shell.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            KeepAlivePingDelay = times.Silent,
            KeepAlivePingTimeout = times.Silent / 2 > TimeSpan.FromSeconds(1) ? times.Silent / 2 : TimeSpan.FromSeconds(1),
            AutomaticDecompression = DecompressionMethods.All,
            AllowAutoRedirect = false,
            UseCookies = false,
            EnableMultipleHttp2Connections = true,
            SslOptions = new SslClientAuthenticationOptions
            {
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                RemoteCertificateValidationCallback = (_, certificate, _, errors) => IsTrusted(certificate, errors),
            },
        })
        {
            BaseAddress = new Uri($"https://{address.Authority}"),
            // Each request has a time-out of its own, which a cancellation can be told from.
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public TrackerAddress Address { get; }

    /// <summary>What it said when it asked to be left alone for a while (<c>Retry-After</c>), and for how long from now; null where it may be asked.</summary>
    public (TrackerUnavailableException Said, TimeSpan Left)? AskedForPeace
    {
        get
        {
            lock (_lock)
            {
                return _away is { RetryAfter: { } after } && after - _clock.GetElapsedTime(_awaySince) is var left && left > TimeSpan.Zero
                    ? (_away, left)
                    : null;
            }
        }
    }

    /// <summary>Asks the tracker.</summary>
    /// <param name="session">Whose token is sent.</param>
    /// <returns>A successful answer.</returns>
    /// <exception cref="TrackerUnavailableException">It cannot be reached, was lost, is too slow, or says that it cannot answer now (502, 503, 504).</exception>
    /// <exception cref="UntrustedTrackerException">It is not the right one; nothing was sent to it.</exception>
    /// <exception cref="P2PShareException">The tracker's own, or <see cref="ErrorCode.NotATracker"/>.</exception>
    public async Task<HttpResponseMessage> SendAsync(TrackerRequest request, SessionResponse? session, CancellationToken cancellationToken)
    {
        var response = await SendCoreAsync(request, session, cancellationToken).ConfigureAwait(false);
        request.AnsweredAt = response.Headers.Date;
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            var problem = await ReadProblemAsync(response, cancellationToken).ConfigureAwait(false);
            if (response.StatusCode is HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout)
            {
                throw Away(response, problem);
            }

            throw problem.Code == ErrorCode.NotLoggedIn && session is not null
                ? new P2PShareException(
                    problem.Code,
                    $"The session of {session.UserName} at {Address.Authority} is over: it expired, or was ended by a change of the password or the removal of the user. Use Connect-P2PTracker again.")
                : problem;
        }
    }

    public void Dispose() => _http.Dispose();

    public P2PShareException NotATracker(Exception? inner) => new(
        ErrorCode.NotATracker, $"What answers at {Address.Authority} is not a P2PShare tracker. Check the host and the port.", inner);

    private async Task<HttpResponseMessage> SendCoreAsync(TrackerRequest request, SessionResponse? session, CancellationToken cancellationToken)
    {
        using var message = request.ToMessage(session);
        using var timeout = new CancellationTokenSource(_times.Answering, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            return await _http.SendAsync(message, request.Completion, either.Token).ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            throw Explain(e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw timeout.IsCancellationRequested ? Unreachable(
                    $"The tracker {Address.Authority} did not answer within {_times.Answering.TotalSeconds:0.###} seconds. Check the address, the network and the tracker.",
                    mayHaveBeenDone: true, e)
                : e.InnerException is TimeoutException ? Unreachable(
                    $"No connection to the tracker {Address.Authority} came about within {_times.Connecting.TotalSeconds:0.###} seconds. Check the address, the network and the tracker.",
                    mayHaveBeenDone: false, e)
                : new ObjectDisposedException(nameof(TrackerClient), e);
        }
    }

    private static TrackerUnavailableException Unreachable(string message, bool mayHaveBeenDone, Exception e) =>
        new(ErrorCode.TrackerUnreachable, message, mayHaveBeenDone, retryAfter: null, e);

    private TrackerUnavailableException Away(HttpResponseMessage response, P2PShareException problem)
    {
        var after = response.Headers.RetryAfter is { } retry
            ? retry.Delta ?? retry.Date - (response.Headers.Date ?? _clock.GetUtcNow())
            : null;
        // A 503 may come after a write whose commit was not answered, a 502 or 504 from a proxy after anything.
        var away = new TrackerUnavailableException(
            problem.Code,
            $"The tracker {Address.Authority} cannot answer now ({(int)response.StatusCode}): {problem.Message}",
            mayHaveBeenDone: true,
            after > LongestPeace ? LongestPeace : after);
        lock (_lock)
        {
            (_away, _awaySince) = (away, _clock.GetTimestamp());
        }

        return away;
    }

    private async Task<P2PShareException> ReadProblemAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        ProblemResponse? problem = null;
        if (response.Content.Headers.ContentType?.MediaType == "application/problem+json")
        {
            try
            {
                problem = await response.Content.ReadFromJsonAsync(TrackerJson.Default.ProblemResponse, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is System.Text.Json.JsonException or HttpRequestException or IOException)
            {
                // Said below: what answers is not a tracker, or is none any more.
            }
        }

        return problem switch
        {
            { Code: ErrorCode.TooManyAttempts, Detail: { } detail } when response.Headers.RetryAfter?.Delta is { } after =>
                new TooManyAttemptsException(detail, after),
            { Code: { } code } => new P2PShareException(code, problem.Detail ?? problem.Title ?? code),
            _ when response.StatusCode >= HttpStatusCode.InternalServerError => new P2PShareException(
                ErrorCode.TrackerFailed, $"The tracker {Address.Authority} failed with status {(int)response.StatusCode}. Its log says why."),
            _ => NotATracker(null),
        };
    }

    private P2PShareException Explain(HttpRequestException e)
    {
        // Broken off in the middle is no sign of another program: a tracker that is killed does so.
        var brokenOff = e.InnerException is IOException;
        if (e.HttpRequestError == HttpRequestError.SecureConnectionError && !brokenOff && _refused is { } refused)
        {
            return refused;
        }

        return e.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => new TrackerUnavailableException(
                ErrorCode.TrackerHostUnknown,
                $"The tracker's host '{Address.Host}' is not known. Check its spelling and the name service.",
                mayHaveBeenDone: false,
                retryAfter: null,
                e),
            HttpRequestError.SecureConnectionError when brokenOff => Unreachable(
                $"The tracker {Address.Authority} broke off while the connection was being secured. Check that the tracker runs.", mayHaveBeenDone: false, e),
            HttpRequestError.SecureConnectionError => new P2PShareException(
                ErrorCode.NotATracker, $"What answers at {Address.Authority} does not speak HTTPS as a tracker does. Check the host and the port.", e),
            HttpRequestError.ConnectionError => Unreachable(
                $"No tracker answers at {Address.Authority}: {e.InnerException?.Message ?? e.Message}. Check the address, and that the tracker runs.",
                mayHaveBeenDone: false,
                e),
            _ => Unreachable(
                $"The connection to the tracker {Address.Authority} was lost: {(e.InnerException?.Message ?? e.Message).TrimEnd('.')}.", mayHaveBeenDone: true, e),
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
