using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Trackers;

/// <summary>HTTPS to one tracker, and the check of its certificate. Safe for concurrent use.</summary>
internal sealed class TrackerConnection : IDisposable
{
    /// <summary>How long a connection is used for new requests: a tracker whose address changed is found again without a restart of the shell.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    // After it was decompressed. The longest answers are a page of a list and the sources of many contents, of some MiB.
    private const int MaxAnswerBytes = 16 * 1024 * 1024;

    private readonly TrackerTrust _trust;
    private readonly TrackerProxy _proxy;
    private readonly TimeProvider _clock;
    private readonly TrackerTimeouts _timeouts;
    private readonly HttpClient _http;
    private volatile UntrustedTrackerException? _refused;

    /// <param name="known">Trackers whose certificate the user accepted before.</param>
    /// <param name="trustOnFirstUse">Whether a certificate that was never seen before is accepted and remembered.</param>
    /// <param name="proxy">Null: no proxy but as the system is set to.</param>
    /// <param name="handler">What sends the requests; null: HTTPS over a socket. Disposed with this.</param>
    public TrackerConnection(
        TrackerAddress address, KnownTrackers known, bool trustOnFirstUse, TimeProvider clock, TrackerTimeouts timeouts, HttpMessageHandler? handler = null,
        TrackerProxy? proxy = null)
    {
        Address = address;
        _trust = new TrackerTrust(address, known, trustOnFirstUse);
        _proxy = proxy ?? new TrackerProxy(address, ProxySetting.Automatic, HttpClient.DefaultProxy);
        _clock = clock;
        _timeouts = timeouts;
        _http = new HttpClient(handler ?? new SocketsHttpHandler
        {
            ConnectTimeout = timeouts.Connect,
            Proxy = _proxy,
            PooledConnectionLifetime = Lifetime,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            KeepAlivePingDelay = timeouts.Ping,
            KeepAlivePingTimeout = timeouts.Ping / 2 > TimeSpan.FromSeconds(1) ? timeouts.Ping / 2 : TimeSpan.FromSeconds(1),
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
            // Each request has its own time-out, so that it can be told from a cancellation.
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = MaxAnswerBytes,
        };
    }

    public TrackerAddress Address { get; }

    /// <summary>Address of the proxy that the tracker is reached through; null if it is reached directly, or was not reached yet.</summary>
    public string? Proxy => _proxy.Used;

    /// <summary>Sends a request.</summary>
    /// <param name="session">The session whose token is sent.</param>
    /// <returns>A successful response.</returns>
    /// <exception cref="TrackerUnavailableException">It cannot be reached, was lost, is too slow, or cannot answer now (502, 503, 504).</exception>
    /// <exception cref="UntrustedTrackerException">Its certificate is wrong; nothing was sent to it.</exception>
    /// <exception cref="P2PShareException">The tracker's own, or <see cref="ErrorCode.NotATracker"/>.</exception>
    public async Task<HttpResponseMessage> SendAsync(TrackerRequest request, SessionResponse? session, CancellationToken cancellationToken)
    {
        var response = await SendCoreAsync(request, session, cancellationToken).ConfigureAwait(false);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            var problem = await ReadProblemAsync(response, cancellationToken).ConfigureAwait(false);
            if (response.StatusCode is HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout)
            {
                throw Unavailable(response, problem);
            }

            if (response.StatusCode == HttpStatusCode.NotFound && problem.Code is ErrorCode.InvalidRequest or ErrorCode.NotATracker
                && await SpeaksVersion1Async(cancellationToken).ConfigureAwait(false))
            {
                throw new P2PShareException(
                    ErrorCode.VersionNotSupported,
                    $"The tracker {Address.Authority} speaks version 1 of the tracker's protocol, and this program version {TrackerRoutes.Version}: ask its operator to update it.");
            }

            throw problem.Code == ErrorCode.NotLoggedIn && session is not null
                ? new P2PShareException(
                    problem.Code,
                    $"The session of {session.UserName} at {Address.Authority} has ended: it expired, or was ended by a change of the password or the removal of the user. Log in again.")
                : problem;
        }
    }

    public void Dispose() => _http.Dispose();

    public static P2PShareException NotATracker(TrackerAddress address, Exception? inner) => new(
        ErrorCode.NotATracker, $"The server at {address.Authority} is not a P2PShare tracker. Check the host and the port.", inner);

    private async Task<HttpResponseMessage> SendCoreAsync(TrackerRequest request, SessionResponse? session, CancellationToken cancellationToken)
    {
        using var message = request.ToMessage(session);
        using var timeout = new CancellationTokenSource(_timeouts.Response, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            await _proxy.ChooseAsync(either.Token).ConfigureAwait(false);
            return await _http.SendAsync(message, request.Completion, either.Token).ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            throw Explain(e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw timeout.IsCancellationRequested ? Unreachable(
                    $"The tracker {Address.Authority} did not answer within {_timeouts.Response.TotalSeconds:0.###} seconds{Through}. Check the address, the network and the tracker.",
                    outcomeUnknown: true, e)
                : e.InnerException is TimeoutException ? Unreachable(
                    $"The tracker {Address.Authority} could not be connected to within {_timeouts.Connect.TotalSeconds:0.###} seconds{Through}. Check the address, the network and the tracker.",
                    outcomeUnknown: false, e)
                : new ObjectDisposedException(nameof(TrackerSession), e);
        }
    }

    // A path that every tracker of version 1 answers: without a session it is refused, as a problem with its code.
    private async Task<bool> SpeaksVersion1Async(CancellationToken cancellationToken)
    {
        using var response = await SendCoreAsync(TrackerRequest.Get("/v1/sessions/current"), session: null, cancellationToken).ConfigureAwait(false);
        return response.StatusCode == HttpStatusCode.Unauthorized
            && (await ReadProblemAsync(response, cancellationToken).ConfigureAwait(false)).Code == ErrorCode.NotLoggedIn;
    }

    // For sentences about the tracker.
    private string Through => Proxy is { } proxy ? $" through the proxy {proxy}" : "";

    private static TrackerUnavailableException Unreachable(string message, bool outcomeUnknown, Exception e) =>
        new(ErrorCode.TrackerUnreachable, message, outcomeUnknown, retryAfter: null, e);

    private TrackerUnavailableException Unavailable(HttpResponseMessage response, P2PShareException problem)
    {
        // A 503 may follow a write whose commit was not acknowledged; a 502 or 504 of a proxy may follow anything.
        return new TrackerUnavailableException(
            problem.Code,
            $"The tracker {Address.Authority} cannot answer now ({(int)response.StatusCode}): {problem.Message}",
            outcomeUnknown: true,
            RetryAfter(response));
    }

    /// <summary>The time that the response names; null if it names none.</summary>
    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter is { } retry
        ? retry.Delta ?? retry.Date - (response.Headers.Date ?? _clock.GetUtcNow())
        : null;

    private async Task<P2PShareException> ReadProblemAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        ProblemResponse? problem = null;
        if (response.Content.Headers.ContentType?.MediaType == "application/problem+json")
        {
            try
            {
                // That of a request for a stream was not read yet.
                await response.Content.LoadIntoBufferAsync(MaxAnswerBytes, cancellationToken).ConfigureAwait(false);
                problem = await response.Content.ReadFromJsonAsync(TrackerAnswer.Of(TrackerJson.Default.ProblemResponse), cancellationToken).ConfigureAwait(false);
            }
            catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
            {
                throw TooLarge(e);
            }
            catch (Exception e) when (e is System.Text.Json.JsonException or HttpRequestException or IOException)
            {
                // Reported below: it is not a tracker, or not one any more.
            }
        }

        return problem switch
        {
            // Without a code it is of a proxy.
            { Code: ErrorCode.TooManyAttempts } or null when response.StatusCode == HttpStatusCode.TooManyRequests => new TooManyAttemptsException(
                problem?.Detail ?? $"The tracker {Address.Authority} receives too many requests.", RetryAfter(response) ?? TimeSpan.Zero),
            { Code: { } code } => new P2PShareException(code, problem.Detail ?? problem.Title ?? code),
            _ when response.StatusCode >= HttpStatusCode.InternalServerError => new P2PShareException(
                ErrorCode.TrackerFailed, $"The tracker {Address.Authority} failed with status {(int)response.StatusCode}. Its log shows the cause."),
            _ => NotATracker(Address, null),
        };
    }

    private P2PShareException TooLarge(HttpRequestException e) => new(
        ErrorCode.NotATracker,
        $"The server at {Address.Authority} sent an answer that is larger than 16 MiB, or whose headers are larger than 64 KB, as no tracker does. Check the host and the port.", e);

    private P2PShareException Explain(HttpRequestException e)
    {
        if (e.InnerException is P2PShareException known)
        {
            // The trusted trackers could not be read.
            return known;
        }

        // A connection that breaks does not show that this is another program: a tracker that is killed breaks it too.
        var brokenOff = e.InnerException is IOException;
        if (e.HttpRequestError == HttpRequestError.SecureConnectionError && !brokenOff && _refused is { } refused)
        {
            return refused;
        }

        // It may quote what the other side sent.
        var reason = PrintableCharacter.Defuse((e.InnerException?.Message ?? e.Message).TrimEnd('.'));
        if (Proxy is { } proxy)
        {
            switch (e.HttpRequestError)
            {
                case HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError:
                    return Unreachable(
                        $"The proxy {proxy} of the tracker {Address.Authority} cannot be reached: {reason}. Check the proxy's address, or choose another proxy or none.",
                        outcomeUnknown: false, e);
                case HttpRequestError.ProxyTunnelError:
                    return Unreachable(
                        $"The proxy {proxy} does not connect to the tracker {Address.Authority}: {reason}. Check both addresses and the proxy's rules, or choose another proxy or none.",
                        outcomeUnknown: false, e);
            }
        }

        return e.HttpRequestError switch
        {
            HttpRequestError.ConfigurationLimitExceeded => TooLarge(e),
            HttpRequestError.NameResolutionError => new TrackerUnavailableException(
                ErrorCode.TrackerHostUnknown,
                $"The tracker's host '{Address.Host}' is not known. Check its spelling and the name service.",
                outcomeUnknown: false,
                retryAfter: null,
                e),
            HttpRequestError.SecureConnectionError when brokenOff => Unreachable(
                $"The tracker {Address.Authority} closed the connection during its TLS handshake. Check that the tracker runs.", outcomeUnknown: false, e),
            HttpRequestError.SecureConnectionError => new P2PShareException(
                ErrorCode.NotATracker, $"The server at {Address.Authority} does not use HTTPS as a tracker does. Check the host and the port.", e),
            HttpRequestError.ConnectionError => Unreachable(
                $"No tracker answers at {Address.Authority}: {reason}. Check the address, and that the tracker runs.",
                outcomeUnknown: false,
                e),
            _ => Unreachable(
                $"The connection to the tracker {Address.Authority} was lost: {reason}.", outcomeUnknown: true, e),
        };
    }

    private bool IsTrusted(X509Certificate? certificate, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 presented)
        {
            return false;
        }

        if (_trust.Judge(CertificateHashes.Fingerprint(presented), errors == SslPolicyErrors.None) is { } refused)
        {
            _refused = refused;
            return false;
        }

        return true;
    }
}
