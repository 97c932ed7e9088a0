using System.Net.Http.Json;
using System.Security;
using System.Text.Json.Serialization.Metadata;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Trackers;

/// <summary>
/// Talks to a tracker over HTTPS: to the one that answered last of those it is given, and to the next when that one is
/// lost. Safe for concurrent use. Every method throws <see cref="P2PShareException"/> with the tracker's own
/// <see cref="ErrorCode"/>, or with one of those for a tracker that cannot be reached or trusted.
/// </summary>
/// <remarks>
/// <para>Which tracker is asked, how often and for how long is <see cref="TrackerFailover"/>'s. The session holds at all of them.</para>
/// <para><b>Requests are repeated, writes too</b>, where the answer was lost and the tracker may have done what it was asked. What
/// the repeated one then meets is what the first one left, and that is looked at, so that the caller sees one success:</para>
/// <list type="bullet">
/// <item>Asking to join, sharing a file, announcing, taking leave of a peer, logging in: the same again changes nothing. A
/// session whose token was lost is known to nobody and expires.</item>
/// <item>Deleting a group or a membership, leaving, denying, ending a share or the session: that it is gone is success.</item>
/// <item>Making a user whose name is taken then: success where the password opens a session. Changing the password: where the
/// new one does.</item>
/// <item>Making a group whose name is taken then: success where the asker owns it and it was made during the call, by the
/// tracker's clock. Asking to join where the asker is a member then: where they were let in during the call. Approving where
/// nobody asks any more: where the one is a member. Handing a group over: where it has the new owner.</item>
/// <item>Deleting the user: the session is gone then, which may have another cause; so it is an error that says so.</item>
/// </list>
/// <para>Where no tracker answers any more, the error of a write that may have been done says that this is not known. A
/// request that was denied or withdrawn while it was repeated is made anew.</para>
/// </remarks>
public sealed class TrackerClient : IDisposable
{
    // Of the clocks of instances, which their operator keeps together.
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(5);

    private readonly TrackerFailover _trackers;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _changingPassword = new(1, 1);
    private volatile SessionResponse? _session;

    /// <param name="addresses">At least one, in the order in which they are tried.</param>
    /// <param name="known">Trackers whose certificate the person agreed to before.</param>
    /// <param name="trustOnFirstUse">Whether a certificate never seen before is accepted and remembered.</param>
    public TrackerClient(IReadOnlyList<TrackerAddress> addresses, KnownTrackers known, bool trustOnFirstUse = false)
        : this(addresses, known, trustOnFirstUse, TimeProvider.System, TrackerTimes.Default)
    {
    }

    internal TrackerClient(
        IReadOnlyList<TrackerAddress> addresses, KnownTrackers known, bool trustOnFirstUse, TimeProvider clock, TrackerTimes times)
    {
        _clock = clock;
        _trackers = new TrackerFailover(addresses, known, trustOnFirstUse, clock, times);
    }

    /// <summary>Raised, on any thread, when another tracker answers than the time before.</summary>
    public event Action? Moved
    {
        add => _trackers.Moved += value;
        remove => _trackers.Moved -= value;
    }

    /// <summary>Raised, on any thread, with a sentence for a person: a tracker was passed over because it cannot be trusted.</summary>
    public event Action<string>? Warned
    {
        add => _trackers.Warned += value;
        remove => _trackers.Warned -= value;
    }

    /// <summary>The tracker in use: the one that is asked first.</summary>
    public TrackerAddress Address => _trackers.Current.Address;

    public bool IsLoggedIn => _session is not null;

    /// <summary>As the tracker has it. Only after <see cref="LoginAsync"/>.</summary>
    public string UserName => Session.UserName;

    /// <summary>Names the tracker's database. Only after <see cref="LoginAsync"/>.</summary>
    public Guid TrackerId => Session.TrackerId;

    private SessionResponse Session => _session ?? throw new P2PShareException(
        ErrorCode.NotLoggedIn, "Nobody is logged in at the tracker. Use Connect-P2PTracker first.");

    /// <summary>Whether an error is one of a tracker that may answer again later, without anybody doing anything here.</summary>
    public static bool MayComeBack(P2PShareException e) =>
        e.Code is ErrorCode.TrackerUnreachable or ErrorCode.TrackerHostUnknown or ErrorCode.TrackerFailed or ErrorCode.TrackerDatabaseUnavailable;

    public Task CreateUserAsync(string userName, SecureString password, CancellationToken cancellationToken) =>
        CreateUserAsync(userName, password, invitation: null, cancellationToken);

    /// <param name="invitation">The token that the tracker's operator gave out; null: none.</param>
    public async Task CreateUserAsync(string userName, SecureString password, SecureString? invitation, CancellationToken cancellationToken)
    {
        var request = new TrackerRequest(HttpMethod.Post, TrackerRoutes.Users, () => CredentialContent.ForNewUser(userName, password, invitation));
        try
        {
            await SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (P2PShareException e) when (request.MayHaveBeenDone && (e.Code is ErrorCode.UserNameTaken or ErrorCode.InvalidInvitation))
        {
            if (await TryOpenSessionAsync(userName, password, cancellationToken).ConfigureAwait(false) is not { } opened)
            {
                throw;
            }

            using var closed = await _trackers.SendAsync(LogoutRequest(), opened, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Logs in; the session is used by all later calls.</summary>
    public async Task LoginAsync(string userName, SecureString password, CancellationToken cancellationToken)
    {
        _session = null;
        _session = await OpenSessionAsync(userName, password, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the session. Where no tracker answers, none is waited for.</summary>
    public async Task LogoutAsync(CancellationToken cancellationToken)
    {
        await SendAsync(LogoutRequest(), cancellationToken).ConfigureAwait(false);
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
            var request = new TrackerRequest(HttpMethod.Put, TrackerRoutes.CurrentPassword, () => CredentialContent.ForChange(current, next));
            try
            {
                using var response = await _trackers.SendAsync(request, Session, cancellationToken).ConfigureAwait(false);
                _session = await ReadAsync(response, TrackerJson.Default.SessionResponse, cancellationToken).ConfigureAwait(false);
            }
            catch (P2PShareException e) when (request.MayHaveBeenDone && e.Code is ErrorCode.NotLoggedIn or ErrorCode.WrongCredentials)
            {
                if (await TryOpenSessionAsync(Session.UserName, next, cancellationToken).ConfigureAwait(false) is not { } opened)
                {
                    throw;
                }

                _session = opened;
            }
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
        catch (P2PShareException e) when (request.MayHaveBeenDone && e.Code == ErrorCode.NotLoggedIn)
        {
            throw new P2PShareException(
                e.Code,
                $"The connection was lost while the user '{UserName}' was being deleted, and the session is over now, most likely because the user is gone. Whether that is so Connect-P2PTracker tells.",
                e);
        }

        _session = null;
    }

    public Task<IReadOnlyList<GroupResponse>> GetGroupsAsync(CancellationToken cancellationToken) =>
        SendAsync(TrackerRequest.Get(TrackerRoutes.Groups), TrackerJson.Default.IReadOnlyListGroupResponse, cancellationToken);

    public Task<GroupResponse> GetGroupAsync(string group, CancellationToken cancellationToken) =>
        SendAsync(TrackerRequest.Get(TrackerRoutes.Group(group)), TrackerJson.Default.GroupResponse, cancellationToken);

    public Task<GroupResponse> CreateGroupAsync(string name, CancellationToken cancellationToken)
    {
        var began = _clock.GetTimestamp();
        return SendAsync(
            TrackerRequest.Post(TrackerRoutes.Groups, new CreateGroupRequest(name), TrackerJson.Default.CreateGroupRequest),
            TrackerJson.Default.GroupResponse,
            ErrorCode.GroupNameTaken,
            async () =>
            {
                var look = TrackerRequest.Get(TrackerRoutes.Group(name));
                var group = await SendAsync(look, TrackerJson.Default.GroupResponse, cancellationToken).ConfigureAwait(false);
                return group.Role == GroupRole.Owner && IsSince(began, group.Created, look) ? group : null;
            },
            cancellationToken);
    }

    /// <summary>Deletes a group for good; only for its owner.</summary>
    public Task RemoveGroupAsync(string group, CancellationToken cancellationToken) =>
        SendAsync(TrackerRequest.Delete(TrackerRoutes.Group(group), ErrorCode.GroupNotFound), cancellationToken);

    /// <summary>Hands a group over to another of its members; only for its owner.</summary>
    public Task<GroupResponse> SetGroupOwnerAsync(string group, string userName, CancellationToken cancellationToken) => SendAsync(
        TrackerRequest.Put(TrackerRoutes.GroupOwner(group), new SetGroupOwnerRequest(userName), TrackerJson.Default.SetGroupOwnerRequest),
        TrackerJson.Default.GroupResponse,
        ErrorCode.NotOwner,
        async () => await GetGroupAsync(group, cancellationToken).ConfigureAwait(false) is var now && IsSameUser(now.Owner, userName) ? now : null,
        cancellationToken);

    /// <summary>Only for members.</summary>
    public Task<IReadOnlyList<MemberResponse>> GetMembersAsync(string group, CancellationToken cancellationToken) =>
        SendAsync(TrackerRequest.Get(TrackerRoutes.Members(group)), TrackerJson.Default.IReadOnlyListMemberResponse, cancellationToken);

    /// <summary>Takes somebody else out of a group; only for its owner.</summary>
    public Task RemoveMemberAsync(string group, string userName, CancellationToken cancellationToken) =>
        SendAsync(TrackerRequest.Delete(TrackerRoutes.Member(group, userName), ErrorCode.MemberNotFound), cancellationToken);

    /// <summary>The peers online that offer something in a group; only for members.</summary>
    public Task<IReadOnlyList<PeerResponse>> GetPeersAsync(string group, CancellationToken cancellationToken) =>
        SendAsync(TrackerRequest.Get(TrackerRoutes.GroupPeers(group)), TrackerJson.Default.IReadOnlyListPeerResponse, cancellationToken);

    /// <summary>Asks the owner to be let in; asking again changes nothing.</summary>
    public Task<JoinRequestResponse> RequestJoinAsync(string group, CancellationToken cancellationToken)
    {
        var began = _clock.GetTimestamp();
        return SendAsync(
            TrackerRequest.Post(TrackerRoutes.JoinRequests(group)),
            TrackerJson.Default.JoinRequestResponse,
            ErrorCode.AlreadyMember,
            async () =>
            {
                // An owner's script may have been quick.
                var look = TrackerRequest.Get(TrackerRoutes.Members(group));
                var members = await SendAsync(look, TrackerJson.Default.IReadOnlyListMemberResponse, cancellationToken).ConfigureAwait(false);
                return members.FirstOrDefault(member => IsSameUser(member.UserName, UserName)) is { } self && IsSince(began, self.Joined, look)
                    ? new JoinRequestResponse(self.Group, self.UserName, self.Joined)
                    : null;
            },
            cancellationToken);
    }

    /// <summary>Those who ask to join; only for the owner.</summary>
    public Task<IReadOnlyList<JoinRequestResponse>> GetJoinRequestsAsync(string group, CancellationToken cancellationToken) =>
        SendAsync(TrackerRequest.Get(TrackerRoutes.JoinRequests(group)), TrackerJson.Default.IReadOnlyListJoinRequestResponse, cancellationToken);

    public async Task ApproveJoinAsync(string group, string userName, CancellationToken cancellationToken)
    {
        var request = TrackerRequest.Post(TrackerRoutes.Approval(group, userName));
        try
        {
            await SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (P2PShareException e) when (request.MayHaveBeenDone && e.Code == ErrorCode.JoinRequestNotFound)
        {
            if (!(await GetMembersAsync(group, cancellationToken).ConfigureAwait(false)).Any(member => IsSameUser(member.UserName, userName)))
            {
                throw;
            }
        }
    }

    public Task DenyJoinAsync(string group, string userName, CancellationToken cancellationToken) =>
        SendAsync(TrackerRequest.Delete(TrackerRoutes.JoinRequest(group, userName), ErrorCode.JoinRequestNotFound), cancellationToken);

    public Task LeaveGroupAsync(string group, CancellationToken cancellationToken) =>
        SendAsync(TrackerRequest.Delete(TrackerRoutes.Member(group, UserName), ErrorCode.NotMember), cancellationToken);

    public Task<IReadOnlyList<FileResponse>> GetFilesAsync(string group, CancellationToken cancellationToken) =>
        SendAsync(TrackerRequest.Get(TrackerRoutes.Files(group)), TrackerJson.Default.IReadOnlyListFileResponse, cancellationToken);

    public Task<FileResponse> ShareFileAsync(string group, ShareFileRequest request, CancellationToken cancellationToken) => SendAsync(
        TrackerRequest.Post(TrackerRoutes.Files(group), request, TrackerJson.Default.ShareFileRequest),
        TrackerJson.Default.FileResponse,
        cancellationToken);

    public Task StopShareAsync(string group, string name, CancellationToken cancellationToken) =>
        SendAsync(TrackerRequest.Delete(TrackerRoutes.File(group, name), ErrorCode.FileNotFound, ErrorCode.NotSharer), cancellationToken);

    public Task<SourcesResponse> GetSourcesAsync(string group, SourcesRequest request, CancellationToken cancellationToken) => SendAsync(
        TrackerRequest.Query(TrackerRoutes.Sources(group), request, TrackerJson.Default.SourcesRequest),
        TrackerJson.Default.SourcesResponse,
        cancellationToken);

    public Task<AnnounceResponse> AnnounceAsync(AnnounceRequest request, CancellationToken cancellationToken) => SendAsync(
        TrackerRequest.Query(TrackerRoutes.Peers, request, TrackerJson.Default.AnnounceRequest),
        TrackerJson.Default.AnnounceResponse,
        cancellationToken);

    /// <summary>Takes a peer out of the list. Where no tracker answers, none is waited for.</summary>
    public Task UnregisterPeerAsync(Hash256 fingerprint, CancellationToken cancellationToken) => SendAsync(
        new TrackerRequest(HttpMethod.Delete, TrackerRoutes.Peer(fingerprint)) { IsPatient = false, IsRoutine = true }, cancellationToken);

    /// <summary>The tracker's JSON Web Key Set, for checking tickets.</summary>
    public async Task<string> GetTicketKeysAsync(CancellationToken cancellationToken)
    {
        using var response = await SendCoreAsync(TrackerRequest.Get(TrackerRoutes.TicketKeys), cancellationToken).ConfigureAwait(false);
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
            (last, cancel) => SendCoreAsync(
                new TrackerRequest(HttpMethod.Get, path) { Completion = HttpCompletionOption.ResponseHeadersRead, LastEventId = last }, cancel),
            ready).ReadAsync(cancellationToken);
    }

    public void Dispose() => _trackers.Dispose();

    private static TrackerRequest LogoutRequest() => new(HttpMethod.Delete, TrackerRoutes.CurrentSession)
    {
        IsPatient = false,
        IsRoutine = true,
        DoneWhen = [ErrorCode.NotLoggedIn],
    };

    // As the tracker compares them.
    private static bool IsSameUser(string name, string other) => AccountName.Key(name) == AccountName.Key(other);

    /// <summary>Whether something that the tracker dates was made since a call began.</summary>
    /// <param name="began">By this client's clock, which may be wrong, but goes as fast as the tracker's.</param>
    /// <param name="look">What it was just looked up with.</param>
    private bool IsSince(long began, DateTimeOffset made, TrackerRequest look) =>
        look.AnsweredAt is { } now && made >= now - _clock.GetElapsedTime(began) - ClockTolerance;

    private Task<SessionResponse> OpenSessionAsync(string userName, SecureString password, CancellationToken cancellationToken) => SendAsync(
        new TrackerRequest(HttpMethod.Post, TrackerRoutes.Sessions, () => CredentialContent.ForUser(userName, password)) { IsRoutine = true },
        TrackerJson.Default.SessionResponse,
        cancellationToken);

    /// <returns>Null where the password is not the user's.</returns>
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

    private async Task SendAsync(TrackerRequest request, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await SendCoreAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (P2PShareException e) when (request.IsDoneBefore(e))
        {
            // By an earlier attempt, whose answer was lost.
        }
    }

    private async Task<T> SendAsync<T>(TrackerRequest request, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var response = await SendCoreAsync(request, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(response, type, cancellationToken).ConfigureAwait(false);
    }

    /// <param name="doneWhen">The answer to a repeated request that may mean that an earlier attempt, whose answer was lost, has done it.</param>
    /// <param name="find">Finds what the earlier attempt made; null where it did not.</param>
    private async Task<T> SendAsync<T>(
        TrackerRequest request, JsonTypeInfo<T> type, string doneWhen, Func<Task<T?>> find, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return await SendAsync(request, type, cancellationToken).ConfigureAwait(false);
        }
        catch (P2PShareException e) when (request.MayHaveBeenDone && e.Code == doneWhen)
        {
            if (await find().ConfigureAwait(false) is not { } found)
            {
                throw;
            }

            return found;
        }
    }

    private async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync(type, cancellationToken).ConfigureAwait(false)
                ?? throw _trackers.Current.NotATracker(null);
        }
        catch (System.Text.Json.JsonException e)
        {
            throw _trackers.Current.NotATracker(e);
        }
    }

    private async Task<HttpResponseMessage> SendCoreAsync(TrackerRequest request, CancellationToken cancellationToken)
    {
        while (true)
        {
            var session = _session;
            try
            {
                return await _trackers.SendAsync(request, session, cancellationToken).ConfigureAwait(false);
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
}
