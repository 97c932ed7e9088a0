using System.Security;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Trackers;

/// <summary>
/// A user's session at a tracker, or at the instances of one tracker: requests go to the instance that answered last, and to
/// the next one when that is unavailable (<see cref="TrackerFailover"/>). The session is valid at all of them.
/// </summary>
public sealed class TrackerSession : TrackerApi, IDisposable
{
    private readonly FailoverSender _sender;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _changingPassword = new(1, 1);
    private volatile SessionResponse? _session;

    /// <param name="addresses">At least one, in the order in which they are tried.</param>
    /// <param name="known">Trackers whose certificate the user accepted before.</param>
    /// <param name="trustOnFirstUse">Whether a certificate that was never seen before is accepted and remembered.</param>
    /// <param name="warn">Receives warnings, as sentences, on any thread: a tracker is skipped because it cannot be trusted, or a proxy is used.</param>
    /// <param name="proxy">Null: <see cref="ProxySetting.Automatic"/>.</param>
    public TrackerSession(
        IReadOnlyList<TrackerAddress> addresses, KnownTrackers known, bool trustOnFirstUse = false, Action<string>? warn = null, ProxySetting? proxy = null)
        : this(
            addresses, known, trustOnFirstUse, TimeProvider.System, TrackerTimeouts.Default,
            warn is null ? NullLogger.Instance : new SentenceLogger(LogLevel.Warning, warn), proxy)
    {
    }

    internal TrackerSession(
        IReadOnlyList<TrackerAddress> addresses, KnownTrackers known, bool trustOnFirstUse, TimeProvider clock, TrackerTimeouts timeouts, ILogger? logger = null,
        ProxySetting? proxy = null)
        : this(
            [.. addresses.Select(address => new TrackerConnection(
                address, known, trustOnFirstUse, clock, timeouts, proxy: new TrackerProxy(address, proxy ?? ProxySetting.Automatic, HttpClient.DefaultProxy)))],
            clock, timeouts, logger)
    {
    }

    internal TrackerSession(IReadOnlyList<TrackerConnection> connections, TimeProvider clock, TrackerTimeouts timeouts, ILogger? logger)
        : base(clock, logger ?? NullLogger.Instance)
    {
        _clock = clock;
        _sender = new FailoverSender(connections, clock, timeouts, logger ?? NullLogger.Instance);
    }

    /// <summary>Raised, on any thread, when another tracker answers than the time before.</summary>
    public event Action? Moved
    {
        add => _sender.Moved += value;
        remove => _sender.Moved -= value;
    }

    /// <summary>Raised, on any thread, when the tracker has refused the session: see <see cref="Ended"/>.</summary>
    internal event Action? Refused;

    public override TrackerAddress Address => _sender.Current;

    internal override bool IsThroughProxy => _sender.IsThroughProxy;

    /// <summary>False before a login, after a logout, and once the tracker has refused the session.</summary>
    public bool IsLoggedIn => _session is not null && Ended is null;

    /// <summary>The tracker's refusal of the session: it expired, or was ended elsewhere. Null as long as none is known.</summary>
    public P2PShareException? Ended { get; private set; }

    /// <summary>As the tracker has it. Only after <see cref="LoginAsync"/>.</summary>
    public override string UserName => Session.UserName;

    /// <summary>Never comes back, as the name may. Only after <see cref="LoginAsync"/>.</summary>
    public Guid UserId => Session.UserId;

    /// <summary>Names the session without opening it; a change of the password changes it. Only after <see cref="LoginAsync"/>.</summary>
    public Guid SessionId => Session.SessionId;

    /// <summary>Names the tracker's database. Only after <see cref="LoginAsync"/>.</summary>
    public Guid TrackerId => Session.TrackerId;

    /// <summary>The user and the tracker's database. Only after <see cref="LoginAsync"/>.</summary>
    public TrackerAccount Account => new(Session.TrackerId, Session.UserName);

    private SessionResponse Session => _session ?? throw new P2PShareException(ErrorCode.NotLoggedIn, "This session is not logged in at the tracker. Log in first.");

    /// <summary>Whether an error is one of a tracker that may answer again later, without any change on this side.</summary>
    public static bool IsTransient(P2PShareException e) =>
        e.Code is ErrorCode.TrackerUnreachable or ErrorCode.TrackerHostUnknown or ErrorCode.TrackerFailed or ErrorCode.TrackerDatabaseUnavailable
            or ErrorCode.TrackerDatabaseBusy or ErrorCode.TooManyAttempts;

    /// <summary>How long a loop waits after an error before it asks again: what the tracker named, at most five minutes; 0 if it named nothing.</summary>
    public static TimeSpan RetryAfter(P2PShareException e) =>
        TimeSpan.FromTicks(Math.Clamp((e as TooManyAttemptsException)?.RetryAfter.Ticks ?? 0, 0, RetryDelay.MaxRetryAfter.Ticks));

    public Task CreateUserAsync(string userName, SecureString password, CancellationToken cancellationToken) =>
        CreateUserAsync(userName, password, invitation: null, cancellationToken);

    /// <param name="invitation">The token that the tracker's operator gave out; null: none.</param>
    public Task CreateUserAsync(string userName, SecureString password, SecureString? invitation, CancellationToken cancellationToken)
    {
        var request = new TrackerRequest(HttpMethod.Post, TrackerRoutes.Users, () => CredentialContent.ForNewUser(userName, password, invitation));
        return new RepeatedWrite(request, _clock).SendAsync(
            [ErrorCode.UserNameTaken, ErrorCode.InvalidInvitation],
            () => SendAsync(request, cancellationToken),
            async () =>
            {
                if (await TryOpenSessionAsync(userName, password, cancellationToken).ConfigureAwait(false) is not { } opened)
                {
                    return false;
                }

                using var closed = await _sender.SendAsync(LogoutRequest(), opened, cancellationToken).ConfigureAwait(false);
                return true;
            });
    }

    /// <summary>Logs in; all later calls use the session.</summary>
    public async Task LoginAsync(string userName, SecureString password, CancellationToken cancellationToken)
    {
        _session = null;
        Ended = null;
        _session = await OpenSessionAsync(userName, password, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the session. If no tracker answers, that is not repeated.</summary>
    public async Task LogoutAsync(CancellationToken cancellationToken)
    {
        await SendAsync(LogoutRequest(), cancellationToken).ConfigureAwait(false);
        _session = null;
    }

    /// <summary>
    /// Changes the password of the session's user. Every other session of the user ends; this one continues, and requests
    /// under way that the change overtakes are sent once more.
    /// </summary>
    public async Task ChangePasswordAsync(SecureString current, SecureString next, CancellationToken cancellationToken)
    {
        await _changingPassword.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var request = new TrackerRequest(HttpMethod.Put, TrackerRoutes.CurrentPassword, () => CredentialContent.ForChange(current, next));
            _session = await new RepeatedWrite(request, _clock).SendAsync(
                [ErrorCode.NotLoggedIn, ErrorCode.WrongCredentials],
                async () =>
                {
                    using var response = await _sender.SendAsync(request, Session, cancellationToken).ConfigureAwait(false);
                    return await ReadAsync(response, TrackerJson.Default.SessionResponse, cancellationToken).ConfigureAwait(false);
                },
                () => TryOpenSessionAsync(Session.UserName, next, cancellationToken)).ConfigureAwait(false);
        }
        finally
        {
            _changingPassword.Release();
        }
    }

    /// <summary>Removes the session's user for good; refused (<see cref="ErrorCode.UserOwnsGroups"/>) while the user owns a group.</summary>
    public async Task RemoveUserAsync(CancellationToken cancellationToken)
    {
        var request = TrackerRequest.Delete(TrackerRoutes.CurrentUser);
        try
        {
            await SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (P2PShareException e) when (request.OutcomeUnknown && e.Code == ErrorCode.NotLoggedIn)
        {
            throw new P2PShareException(
                e.Code,
                $"The connection was lost while the user '{UserName}' was being deleted, and the session has ended, most likely because the user is gone. Log in again to find out.",
                e);
        }

        _session = null;
    }

    public void Dispose() => _sender.Dispose();

    private protected override async Task<HttpResponseMessage> SendCoreAsync(TrackerRequest request, CancellationToken cancellationToken)
    {
        while (true)
        {
            var session = _session;
            try
            {
                return await _sender.SendAsync(request, session, cancellationToken).ConfigureAwait(false);
            }
            catch (P2PShareException e) when (e.Code == ErrorCode.NotLoggedIn && session is not null)
            {
                // A password change ends the old token a moment before the new one arrives here.
                await _changingPassword.WaitAsync(cancellationToken).ConfigureAwait(false);
                _changingPassword.Release();
                if (_session is not { } now || now.Token == session.Token)
                {
                    Ended = e;
                    Refused?.Invoke();
                    throw;
                }
            }
        }
    }

    private static TrackerRequest LogoutRequest() => new(HttpMethod.Delete, TrackerRoutes.CurrentSession)
    {
        RetryAcrossTrackers = false,
        IsRepeatable = true,
        TreatAsSuccess = [ErrorCode.NotLoggedIn],
    };

    private Task<SessionResponse> OpenSessionAsync(string userName, SecureString password, CancellationToken cancellationToken) => SendAsync(
        new TrackerRequest(HttpMethod.Post, TrackerRoutes.Sessions, () => CredentialContent.ForUser(userName, password)) { IsRepeatable = true },
        TrackerJson.Default.SessionResponse,
        cancellationToken);

    /// <returns>Null if the password is not the user's.</returns>
    private async Task<SessionResponse?> TryOpenSessionAsync(string userName, SecureString password, CancellationToken cancellationToken)
    {
        try
        {
            return await OpenSessionAsync(userName, password, cancellationToken).ConfigureAwait(false);
        }
        catch (P2PShareException e) when (e.Code == ErrorCode.WrongCredentials)
        {
            return null;
        }
    }
}
