using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security;
using System.Text.Json.Serialization.Metadata;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Tracker;

/// <summary>
/// Talks to a tracker over HTTPS: to the first that answers of those it is given, and to the next when that one is
/// lost. Safe for concurrent use. Every method throws <see cref="P2PShareException"/> with the tracker's own
/// <see cref="ErrorCode"/>, or with one of those for a tracker that cannot be reached or trusted.
/// </summary>
public sealed class TrackerClient : IDisposable
{
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(30);

    private readonly TrackerTransport[] _transports;
    private readonly SemaphoreSlim _changingPassword = new(1, 1);
    private volatile SessionResponse? _session;
    private volatile int _current;

    /// <param name="addresses">At least one, in the order in which they are tried.</param>
    /// <param name="known">Trackers whose certificate the person agreed to before.</param>
    /// <param name="trustOnFirstUse">Whether a certificate never seen before is accepted and remembered.</param>
    public TrackerClient(IReadOnlyList<TrackerAddress> addresses, KnownTrackers known, bool trustOnFirstUse = false)
    {
        ArgumentOutOfRangeException.ThrowIfZero(addresses.Count);
        _transports = [.. addresses.Select(address => new TrackerTransport(address, known, trustOnFirstUse))];
    }

    /// <summary>The tracker in use.</summary>
    public TrackerAddress Address => _transports[_current].Address;

    public bool IsLoggedIn => _session is not null;

    /// <summary>As the tracker has it. Only after <see cref="LoginAsync"/>.</summary>
    public string UserName => Session.UserName;

    /// <summary>Names the tracker's database. Only after <see cref="LoginAsync"/>.</summary>
    public Guid TrackerId => Session.TrackerId;

    private SessionResponse Session => _session ?? throw new P2PShareException(
        ErrorCode.NotLoggedIn, "Nobody is logged in at the tracker. Use Connect-P2PTracker first.");

    public Task CreateUserAsync(string userName, SecureString password, CancellationToken cancellationToken) =>
        CreateUserAsync(userName, password, invitation: null, cancellationToken);

    /// <param name="invitation">The token that the tracker's operator gave out; null: none.</param>
    public Task CreateUserAsync(string userName, SecureString password, SecureString? invitation, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, TrackerRoutes.Users, () => CredentialContent.ForNewUser(userName, password, invitation), cancellationToken);

    /// <summary>Logs in; the session is used by all later calls.</summary>
    public async Task LoginAsync(string userName, SecureString password, CancellationToken cancellationToken)
    {
        _session = null;
        _session = await SendAsync(
            HttpMethod.Post, TrackerRoutes.Sessions, () => CredentialContent.ForUser(userName, password),
            TrackerJson.Default.SessionResponse, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the session.</summary>
    public async Task LogoutAsync(CancellationToken cancellationToken)
    {
        await SendAsync(HttpMethod.Delete, TrackerRoutes.CurrentSession, null, cancellationToken).ConfigureAwait(false);
        _session = null;
    }

    /// <summary>
    /// Changes the password of the session's user. Every other session of the user ends; this one goes on, and requests
    /// that are under way meanwhile are sent once more where the change overtakes them.
    /// </summary>
    public async Task ChangePasswordAsync(SecureString current, SecureString next, CancellationToken cancellationToken)
    {
        await _changingPassword.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var request = new Outgoing(HttpMethod.Put, TrackerRoutes.CurrentPassword, () => CredentialContent.ForChange(current, next));
            using var response = await SendAnywhereAsync(request, Session, cancellationToken).ConfigureAwait(false);
            _session = await ReadAsync(response, TrackerJson.Default.SessionResponse, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _changingPassword.Release();
        }
    }

    /// <summary>Removes the session's user for good; refused (<see cref="ErrorCode.UserOwnsGroups"/>) while the user owns a group.</summary>
    public async Task RemoveUserAsync(CancellationToken cancellationToken)
    {
        await SendAsync(HttpMethod.Delete, TrackerRoutes.CurrentUser, null, cancellationToken).ConfigureAwait(false);
        _session = null;
    }

    public Task<IReadOnlyList<GroupResponse>> GetGroupsAsync(CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, TrackerRoutes.Groups, null, TrackerJson.Default.IReadOnlyListGroupResponse, cancellationToken);

    public Task<GroupResponse> GetGroupAsync(string group, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, TrackerRoutes.Group(group), null, TrackerJson.Default.GroupResponse, cancellationToken);

    public Task<GroupResponse> CreateGroupAsync(string name, CancellationToken cancellationToken) => SendAsync(
        HttpMethod.Post, TrackerRoutes.Groups, Json(new CreateGroupRequest(name), TrackerJson.Default.CreateGroupRequest),
        TrackerJson.Default.GroupResponse, cancellationToken);

    /// <summary>Deletes a group for good; only for its owner.</summary>
    public Task RemoveGroupAsync(string group, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, TrackerRoutes.Group(group), null, cancellationToken);

    /// <summary>Hands a group over to another of its members; only for its owner.</summary>
    public Task<GroupResponse> SetGroupOwnerAsync(string group, string userName, CancellationToken cancellationToken) => SendAsync(
        HttpMethod.Put, TrackerRoutes.GroupOwner(group), Json(new SetGroupOwnerRequest(userName), TrackerJson.Default.SetGroupOwnerRequest),
        TrackerJson.Default.GroupResponse, cancellationToken);

    /// <summary>Only for members.</summary>
    public Task<IReadOnlyList<MemberResponse>> GetMembersAsync(string group, CancellationToken cancellationToken) => SendAsync(
        HttpMethod.Get, TrackerRoutes.Members(group), null, TrackerJson.Default.IReadOnlyListMemberResponse, cancellationToken);

    /// <summary>Takes somebody else out of a group; only for its owner.</summary>
    public Task RemoveMemberAsync(string group, string userName, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, TrackerRoutes.Member(group, userName), null, cancellationToken);

    /// <summary>The peers online that offer something in a group; only for members.</summary>
    public Task<IReadOnlyList<PeerResponse>> GetPeersAsync(string group, CancellationToken cancellationToken) => SendAsync(
        HttpMethod.Get, TrackerRoutes.GroupPeers(group), null, TrackerJson.Default.IReadOnlyListPeerResponse, cancellationToken);

    /// <summary>Asks the owner to be let in; asking again changes nothing.</summary>
    public Task<JoinRequestResponse> RequestJoinAsync(string group, CancellationToken cancellationToken) => SendAsync(
        HttpMethod.Post, TrackerRoutes.JoinRequests(group), null, TrackerJson.Default.JoinRequestResponse, cancellationToken);

    /// <summary>Those who ask to join; only for the owner.</summary>
    public Task<IReadOnlyList<JoinRequestResponse>> GetJoinRequestsAsync(string group, CancellationToken cancellationToken) => SendAsync(
        HttpMethod.Get, TrackerRoutes.JoinRequests(group), null, TrackerJson.Default.IReadOnlyListJoinRequestResponse, cancellationToken);

    public Task ApproveJoinAsync(string group, string userName, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, TrackerRoutes.Approval(group, userName), null, cancellationToken);

    public Task DenyJoinAsync(string group, string userName, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, TrackerRoutes.JoinRequest(group, userName), null, cancellationToken);

    public Task LeaveGroupAsync(string group, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, TrackerRoutes.Member(group, UserName), null, cancellationToken);

    public Task<IReadOnlyList<FileResponse>> GetFilesAsync(string group, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, TrackerRoutes.Files(group), null, TrackerJson.Default.IReadOnlyListFileResponse, cancellationToken);

    public Task<FileResponse> ShareFileAsync(string group, ShareFileRequest request, CancellationToken cancellationToken) => SendAsync(
        HttpMethod.Post, TrackerRoutes.Files(group), Json(request, TrackerJson.Default.ShareFileRequest),
        TrackerJson.Default.FileResponse, cancellationToken);

    public Task StopShareAsync(string group, string name, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, TrackerRoutes.File(group, name), null, cancellationToken);

    public Task<SourcesResponse> GetSourcesAsync(string group, SourcesRequest request, CancellationToken cancellationToken) => SendAsync(
        HttpMethod.Post, TrackerRoutes.Sources(group), Json(request, TrackerJson.Default.SourcesRequest),
        TrackerJson.Default.SourcesResponse, cancellationToken);

    public Task<AnnounceResponse> AnnounceAsync(AnnounceRequest request, CancellationToken cancellationToken) => SendAsync(
        HttpMethod.Post, TrackerRoutes.Peers, Json(request, TrackerJson.Default.AnnounceRequest),
        TrackerJson.Default.AnnounceResponse, cancellationToken);

    public Task UnregisterPeerAsync(Hash256 fingerprint, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, TrackerRoutes.Peer(fingerprint), null, cancellationToken);

    /// <summary>The tracker's JSON Web Key Set, for checking tickets.</summary>
    public async Task<string> GetTicketKeysAsync(CancellationToken cancellationToken)
    {
        using var response = await SendCoreAsync(new Outgoing(HttpMethod.Get, TrackerRoutes.TicketKeys, null), cancellationToken).ConfigureAwait(false);
        return await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// What happens in groups from now on, until cancelled. A stream that is lost goes on, at the next tracker where it has
    /// to, after the last event that it brought.
    /// </summary>
    /// <param name="groups">Empty: all that the session's user may know of.</param>
    /// <exception cref="P2PShareException">At the start: no tracker answers. At any time: the session is over, or a group is gone.</exception>
    public IAsyncEnumerable<GroupEvent> WatchEventsAsync(IReadOnlyList<string> groups, CancellationToken cancellationToken) =>
        WatchEventsAsync(groups, () => { }, cancellationToken);

    /// <inheritdoc cref="WatchEventsAsync(IReadOnlyList{string}, CancellationToken)"/>
    /// <param name="ready">Called, perhaps on another thread, once nothing more is missed.</param>
    public IAsyncEnumerable<GroupEvent> WatchEventsAsync(IReadOnlyList<string> groups, Action ready, CancellationToken cancellationToken)
    {
        var path = TrackerRoutes.Events + string.Concat(groups.Select((group, index) => $"{(index == 0 ? '?' : '&')}group={Uri.EscapeDataString(group)}"));
        return new EventWatch(
            (last, cancel) => SendCoreAsync(new Outgoing(HttpMethod.Get, path, null, HttpCompletionOption.ResponseHeadersRead, last), cancel), ready)
            .ReadAsync(cancellationToken);
    }

    public void Dispose()
    {
        foreach (var transport in _transports)
        {
            transport.Dispose();
        }
    }

    private static Func<HttpContent> Json<T>(T value, JsonTypeInfo<T> type) => () => JsonContent.Create(value, type);

    private async Task SendAsync(HttpMethod method, string path, Func<HttpContent>? content, CancellationToken cancellationToken)
    {
        using var response = await SendCoreAsync(new Outgoing(method, path, content), cancellationToken).ConfigureAwait(false);
    }

    private async Task<T> SendAsync<T>(
        HttpMethod method, string path, Func<HttpContent>? content, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var response = await SendCoreAsync(new Outgoing(method, path, content), cancellationToken).ConfigureAwait(false);
        return await ReadAsync(response, type, cancellationToken).ConfigureAwait(false);
    }

    private async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync(type, cancellationToken).ConfigureAwait(false)
                ?? throw NotATracker(null);
        }
        catch (System.Text.Json.JsonException e)
        {
            throw NotATracker(e);
        }
    }

    private async Task<HttpResponseMessage> SendCoreAsync(Outgoing request, CancellationToken cancellationToken)
    {
        while (true)
        {
            var session = _session;
            try
            {
                return await SendAnywhereAsync(request, session, cancellationToken).ConfigureAwait(false);
            }
            catch (P2PShareException e) when (e.Code == ErrorCode.NotLoggedIn && session is not null)
            {
                // Where the password is being changed, the old token ends a moment before the new one arrives here.
                await _changingPassword.WaitAsync(cancellationToken).ConfigureAwait(false);
                _changingPassword.Release();
                if (_session is not { } now || now.Token == session.Token)
                {
                    throw;
                }
            }
        }
    }

    private async Task<HttpResponseMessage> SendAnywhereAsync(Outgoing request, SessionResponse? session, CancellationToken cancellationToken)
    {
        var first = _current;
        var failures = new List<P2PShareException>();
        for (var i = 0; i < _transports.Length; i++)
        {
            var index = (first + i) % _transports.Length;
            try
            {
                var response = await SendToAsync(_transports[index], request, session, cancellationToken).ConfigureAwait(false);
                _current = index;
                return response;
            }
            catch (P2PShareException e) when (e.Code is ErrorCode.TrackerUnreachable or ErrorCode.TrackerHostUnknown)
            {
                failures.Add(e);
            }
        }

        throw failures.Count == 1
            ? failures[0]
            : new P2PShareException(
                ErrorCode.TrackerUnreachable,
                $"None of the {failures.Count} trackers answers: {string.Join(" ", failures.Select(failure => failure.Message))}",
                failures[0]);
    }

    private async Task<HttpResponseMessage> SendToAsync(
        TrackerTransport transport, Outgoing outgoing, SessionResponse? session, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(outgoing.Method, outgoing.Path);
        request.Content = outgoing.Content?.Invoke();
        if (outgoing.LastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", outgoing.LastEventId);
        }

        if (session?.Token is { } token)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(RequestTimeout);
        HttpResponseMessage response;
        try
        {
            response = await transport.SendAsync(request, outgoing.Completion, timeout.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new P2PShareException(
                ErrorCode.TrackerUnreachable,
                $"The tracker {transport.Address.Authority} did not answer within {RequestTimeout.TotalSeconds:0} seconds. Check the address, the network and the tracker.",
                e);
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            var problem = await ReadProblemAsync(response, cancellationToken).ConfigureAwait(false);
            throw problem.Code == ErrorCode.NotLoggedIn && session is not null
                ? new P2PShareException(
                    problem.Code,
                    $"The session of {session.UserName} at {transport.Address.Authority} is over: it expired, or was ended by a change of the password or the removal of the user. Use Connect-P2PTracker again.")
                : problem;
        }
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
            catch (System.Text.Json.JsonException)
            {
                // Said below: what answers is not a tracker.
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

    private P2PShareException NotATracker(Exception? inner) => new(
        ErrorCode.NotATracker, $"What answers at {Address.Authority} is not a P2PShare tracker. Check the host and the port.", inner);

    private sealed record Outgoing(
        HttpMethod Method,
        string Path,
        Func<HttpContent>? Content,
        HttpCompletionOption Completion = HttpCompletionOption.ResponseContentRead,
        string? LastEventId = null);
}
