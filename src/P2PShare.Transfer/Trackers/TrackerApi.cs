using System.Net.Http.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Trackers;

/// <summary>
/// The tracker's requests as typed calls. Safe for concurrent use. Every method throws <see cref="P2PShareException"/> with the
/// tracker's own <see cref="ErrorCode"/>, or with one of those for a tracker that cannot be reached or trusted.
/// </summary>
/// <remarks>
/// Requests are repeated, writes too, if the response was lost and the tracker may have carried them out: see <see cref="RepeatedWrite"/>.
/// </remarks>
public abstract class TrackerApi
{
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;

    private protected TrackerApi(TimeProvider clock, ILogger logger)
    {
        _clock = clock;
        _logger = logger;
    }

    /// <summary>The user that the calls are made for.</summary>
    public abstract string UserName { get; }

    /// <summary>The tracker in use: the one that is asked first.</summary>
    public abstract TrackerAddress Address { get; }

    /// <summary>Whether the tracker in use sees a proxy's address and not this machine's.</summary>
    internal virtual bool IsThroughProxy => false;

    // Lists are read from the tracker page by page, as they are enumerated; each in the order of its names.

    /// <summary>The groups that are listed, and those that the user is in or has asked to join.</summary>
    public IAsyncEnumerable<GroupResponse> ListGroupsAsync(ListQuery query, CancellationToken cancellationToken) =>
        ListAsync(TrackerRoutes.Groups, query, TrackerJson.Default.IReadOnlyListGroupResponse, cancellationToken);

    public Task<GroupResponse> GetGroupAsync(string group, CancellationToken cancellationToken) =>
        SendAsync(TrackerRequest.Get(TrackerRoutes.Group(group)), TrackerJson.Default.GroupResponse, cancellationToken);

    /// <returns>The id of a group; null if there is none of that name.</returns>
    public async Task<Guid?> FindGroupIdAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return (await GetGroupAsync(name, cancellationToken).ConfigureAwait(false)).GroupId;
        }
        catch (P2PShareException e) when (e.Code == ErrorCode.GroupNotFound)
        {
            return null;
        }
    }

    public Task<GroupResponse> CreateGroupAsync(string name, CancellationToken cancellationToken) => CreateGroupAsync(new CreateGroupRequest(name), cancellationToken);

    public Task<GroupResponse> CreateGroupAsync(CreateGroupRequest group, CancellationToken cancellationToken)
    {
        var request = TrackerRequest.Post(TrackerRoutes.Groups, group, TrackerJson.Default.CreateGroupRequest);
        var write = new RepeatedWrite(request, _clock);
        return write.SendAsync(
            [ErrorCode.GroupNameTaken],
            () => SendAsync(request, TrackerJson.Default.GroupResponse, cancellationToken),
            async () =>
            {
                var (found, now) = await SendDatedAsync(
                    TrackerRequest.Get(TrackerRoutes.Group(group.Name)), TrackerJson.Default.GroupResponse, cancellationToken).ConfigureAwait(false);
                return found.Role == GroupRole.Owner && write.IsMadeSinceStart(found.Created, now) ? found : null;
            });
    }

    /// <summary>Deletes a group for good; only for its owner.</summary>
    public Task RemoveGroupAsync(string group, CancellationToken cancellationToken) =>
        SendAsync(TrackerRequest.Delete(TrackerRoutes.Group(group), ErrorCode.GroupNotFound), cancellationToken);

    /// <summary>Makes another member the owner of a group; only for its owner.</summary>
    public Task<GroupResponse> SetGroupOwnerAsync(string group, string userName, CancellationToken cancellationToken)
    {
        var request = TrackerRequest.Put(TrackerRoutes.GroupOwner(group), new SetGroupOwnerRequest(userName), TrackerJson.Default.SetGroupOwnerRequest);
        return new RepeatedWrite(request, _clock).SendAsync(
            [ErrorCode.NotOwner],
            () => SendAsync(request, TrackerJson.Default.GroupResponse, cancellationToken),
            async () => await GetGroupAsync(group, cancellationToken).ConfigureAwait(false) is var now && IsSameUser(now.Owner, userName) ? now : null);
    }

    /// <summary>Only for members.</summary>
    public IAsyncEnumerable<MemberResponse> ListMembersAsync(string group, ListQuery query, CancellationToken cancellationToken) =>
        ListAsync(TrackerRoutes.Members(group), query, TrackerJson.Default.IReadOnlyListMemberResponse, cancellationToken);

    /// <returns>A member of a group; null if the user is none.</returns>
    public async Task<MemberResponse?> FindMemberAsync(string group, string userName, CancellationToken cancellationToken) =>
        // The shortest of the names that begin so comes first.
        await ListMembersAsync(group, new ListQuery(userName, PageSize: 1), cancellationToken).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false) is { } member
            && IsSameUser(member.UserName, userName)
                ? member
                : null;

    /// <summary>Removes another user from a group; only for its owner and managers.</summary>
    public Task RemoveMemberAsync(string group, string userName, CancellationToken cancellationToken) =>
        SendAsync(TrackerRequest.Delete(TrackerRoutes.Member(group, userName), ErrorCode.MemberNotFound), cancellationToken);

    /// <summary>Makes a user a member who did not ask; only for the owner and managers.</summary>
    /// <param name="role">Null: the group's default.</param>
    public Task<MemberResponse> AddMemberAsync(string group, string userName, MemberRole? role, CancellationToken cancellationToken)
    {
        var request = TrackerRequest.Put(TrackerRoutes.Member(group, userName), new AddMemberRequest(role), TrackerJson.Default.AddMemberRequest);
        return new RepeatedWrite(request, _clock).SendAsync(
            [ErrorCode.AlreadyMember],
            () => SendAsync(request, TrackerJson.Default.MemberResponse, cancellationToken),
            () => FindMemberAsync(group, userName, cancellationToken));
    }

    /// <summary>Gives a member another role; only for the owner and managers.</summary>
    public Task<MemberResponse> SetMemberRoleAsync(string group, string userName, MemberRole role, CancellationToken cancellationToken) => SendAsync(
        TrackerRequest.Put(TrackerRoutes.MemberRole(group, userName), new SetMemberRoleRequest(role), TrackerJson.Default.SetMemberRoleRequest),
        TrackerJson.Default.MemberResponse,
        cancellationToken);

    /// <summary>The peers online that offer something in a group; only for members.</summary>
    public IAsyncEnumerable<PeerResponse> ListPeersAsync(string group, ListQuery query, CancellationToken cancellationToken) =>
        ListAsync(TrackerRoutes.GroupPeers(group), query, TrackerJson.Default.IReadOnlyListPeerResponse, cancellationToken);

    /// <summary>Requests to join a group; requesting again changes nothing.</summary>
    public Task<JoinRequestResponse> RequestJoinAsync(string group, CancellationToken cancellationToken)
    {
        var request = TrackerRequest.Post(TrackerRoutes.JoinRequests(group));
        var write = new RepeatedWrite(request, _clock);
        return write.SendAsync(
            [ErrorCode.AlreadyMember],
            () => SendAsync(request, TrackerJson.Default.JoinRequestResponse, cancellationToken),
            async () =>
            {
                // The owner's script may have approved it already.
                var (members, now) = await SendDatedAsync(
                    TrackerRequest.Get(new ListQuery(UserName, PageSize: 1).On(TrackerRoutes.Members(group))),
                    TrackerJson.Default.IReadOnlyListMemberResponse,
                    cancellationToken).ConfigureAwait(false);
                return members.FirstOrDefault(member => IsSameUser(member.UserName, UserName)) is { } self && write.IsMadeSinceStart(self.Joined, now)
                    ? new JoinRequestResponse(self.Group, self.UserName, self.Joined)
                    : null;
            });
    }

    /// <summary>The open join requests of a group; only for its owner and managers.</summary>
    public IAsyncEnumerable<JoinRequestResponse> ListJoinRequestsAsync(string group, ListQuery query, CancellationToken cancellationToken) =>
        ListAsync(TrackerRoutes.JoinRequests(group), query, TrackerJson.Default.IReadOnlyListJoinRequestResponse, cancellationToken);

    public Task ApproveJoinAsync(string group, string userName, CancellationToken cancellationToken) => ApproveJoinAsync(group, userName, null, cancellationToken);

    /// <param name="role">Null: the group's default.</param>
    public Task ApproveJoinAsync(string group, string userName, MemberRole? role, CancellationToken cancellationToken)
    {
        var request = TrackerRequest.Post(TrackerRoutes.Approval(group, userName, role));
        return new RepeatedWrite(request, _clock).SendAsync(
            [ErrorCode.JoinRequestNotFound],
            () => SendAsync(request, cancellationToken),
            async () => await FindMemberAsync(group, userName, cancellationToken).ConfigureAwait(false) is not null);
    }

    public Task DenyJoinAsync(string group, string userName, CancellationToken cancellationToken) =>
        SendAsync(TrackerRequest.Delete(TrackerRoutes.JoinRequest(group, userName), ErrorCode.JoinRequestNotFound), cancellationToken);

    public Task LeaveGroupAsync(string group, CancellationToken cancellationToken) =>
        SendAsync(TrackerRequest.Delete(TrackerRoutes.Member(group, UserName), ErrorCode.NotMember), cancellationToken);

    /// <summary>The files of a group, in the order of <see cref="FileName.Key(string)"/>; only for members.</summary>
    public IAsyncEnumerable<FileResponse> ListFilesAsync(string group, ListQuery query, CancellationToken cancellationToken) =>
        ListAsync(TrackerRoutes.Files(group), query, TrackerJson.Default.IReadOnlyListFileResponse, cancellationToken);

    /// <summary>The current content of a name, then the earlier ones that can still be fetched, the newest first; only for members.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.FileNotFound"/>; <see cref="ErrorCode.InvalidRequest"/> from a tracker that knows no versions.</exception>
    public Task<IReadOnlyList<FileResponse>> ListVersionsAsync(string group, string name, CancellationToken cancellationToken) =>
        SendAsync(TrackerRequest.Get(TrackerRoutes.Versions(group, name)), TrackerJson.Default.IReadOnlyListFileResponse, cancellationToken);

    public Task<FileResponse> ShareFileAsync(string group, ShareFileRequest request, CancellationToken cancellationToken) =>
        SendAsync(TrackerRequest.Post(TrackerRoutes.Files(group), request, TrackerJson.Default.ShareFileRequest), TrackerJson.Default.FileResponse, cancellationToken);

    /// <summary>Shares many contents; those that fail do so alone.</summary>
    /// <param name="files">At most <see cref="ShareFilesRequest.MaxFiles"/>.</param>
    public Task<ShareFilesResponse> ShareFilesAsync(string group, IReadOnlyList<ShareFileRequest> files, CancellationToken cancellationToken) => SendAsync(
        TrackerRequest.Post(TrackerRoutes.Shares(group), new ShareFilesRequest(files), TrackerJson.Default.ShareFilesRequest),
        TrackerJson.Default.ShareFilesResponse,
        cancellationToken);

    /// <summary>Ends the user's shares of files of a group; names that fail do so alone.</summary>
    /// <param name="names">At most <see cref="WithdrawFilesRequest.MaxNames"/>.</param>
    public async Task<WithdrawFilesResponse> WithdrawFilesAsync(string group, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var request = TrackerRequest.Query(TrackerRoutes.Withdrawals(group), new WithdrawFilesRequest(names), TrackerJson.Default.WithdrawFilesRequest);
        var response = await SendAsync(request, TrackerJson.Default.WithdrawFilesResponse, cancellationToken).ConfigureAwait(false);
        // What is gone may have been withdrawn by an earlier attempt, whose response was lost.
        return request.OutcomeUnknown ? response with { Failed = [] } : response;
    }

    public Task<SourcesResponse> GetSourcesAsync(string group, SourcesRequest request, CancellationToken cancellationToken) =>
        SendAsync(TrackerRequest.Query(TrackerRoutes.Sources(group), request, TrackerJson.Default.SourcesRequest), TrackerJson.Default.SourcesResponse, cancellationToken);

    public Task<AnnounceResponse> AnnounceAsync(AnnounceRequest request, CancellationToken cancellationToken) => SendAsync(
        TrackerRequest.Query(TrackerRoutes.Peers, request, TrackerJson.Default.AnnounceRequest),
        TrackerJson.Default.AnnounceResponse,
        cancellationToken);

    /// <summary>Unregisters a peer. If no tracker answers, that is not repeated.</summary>
    public Task UnregisterPeerAsync(Hash256 fingerprint, CancellationToken cancellationToken) => SendAsync(
        new TrackerRequest(HttpMethod.Delete, TrackerRoutes.Peer(fingerprint)) { RetryAcrossTrackers = false, IsRepeatable = true }, cancellationToken);

    /// <summary>Lets a source dial a peer of this session's. If no tracker answers, that is not repeated.</summary>
    public Task RequestDialAsync(string group, DialRequest request, CancellationToken cancellationToken) => SendAsync(
        new TrackerRequest(HttpMethod.Post, TrackerRoutes.DialRequests(group), () => JsonContent.Create(request, TrackerJson.Default.DialRequest))
        {
            RetryAcrossTrackers = false,
            IsRepeatable = true,
        },
        cancellationToken);

    /// <summary>Opens the stream of requests to dial of a peer.</summary>
    /// <returns>A successful response, of which the headers were read.</returns>
    internal Task<HttpResponseMessage> OpenDialsAsync(Hash256 fingerprint, CancellationToken cancellationToken) => SendCoreAsync(
        new TrackerRequest(HttpMethod.Get, TrackerRoutes.Dials(fingerprint)) { Completion = HttpCompletionOption.ResponseHeadersRead }, cancellationToken);

    /// <summary>The tracker's JSON Web Key Set, for checking tickets.</summary>
    public async Task<string> GetTicketKeysAsync(CancellationToken cancellationToken)
    {
        using var response = await SendCoreAsync(TrackerRequest.Get(TrackerRoutes.TicketKeys), cancellationToken).ConfigureAwait(false);
        return await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// The events in groups from now on, until cancelled. A stream that is lost is continued after the last event that it
    /// brought, at the next tracker if necessary.
    /// </summary>
    /// <param name="groups">Empty: all that the session's user may know of.</param>
    /// <exception cref="P2PShareException">At the start: no tracker answers. At any time: the session has ended, or a group is gone.</exception>
    public IAsyncEnumerable<GroupEvent> WatchEventsAsync(IReadOnlyList<string> groups, CancellationToken cancellationToken) =>
        WatchEventsAsync(groups, () => { }, cancellationToken);

    /// <inheritdoc cref="WatchEventsAsync(IReadOnlyList{string}, CancellationToken)"/>
    /// <param name="ready">Called, on any thread, once no event can be missed.</param>
    public IAsyncEnumerable<GroupEvent> WatchEventsAsync(IReadOnlyList<string> groups, Action ready, CancellationToken cancellationToken)
    {
        var path = TrackerRoutes.Events + string.Concat(groups.Select((group, index) => $"{(index == 0 ? '?' : '&')}group={Uri.EscapeDataString(group)}"));
        return new EventWatch(
            (last, cancel) => SendCoreAsync(
                new TrackerRequest(HttpMethod.Get, path) { Completion = HttpCompletionOption.ResponseHeadersRead, LastEventId = last }, cancel),
            ready, _clock, _logger).ReadAsync(cancellationToken);
    }

    /// <summary>Sends a request with the session's token.</summary>
    /// <returns>A successful response.</returns>
    private protected abstract Task<HttpResponseMessage> SendCoreAsync(TrackerRequest request, CancellationToken cancellationToken);

    private protected async Task SendAsync(TrackerRequest request, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await SendCoreAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (P2PShareException e) when (request.IsSuccess(e))
        {
            // An earlier attempt, whose response was lost, has carried it out.
        }
    }

    private protected async Task<T> SendAsync<T>(TrackerRequest request, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        (await SendDatedAsync(request, type, cancellationToken).ConfigureAwait(false)).Value;

    private protected async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync(TrackerAnswer.Of(type), cancellationToken).ConfigureAwait(false)
                ?? throw TrackerConnection.NotATracker(Address, null);
        }
        catch (System.Text.Json.JsonException e)
        {
            throw TrackerConnection.NotATracker(Address, e);
        }
    }

    // As the tracker compares names.
    private static bool IsSameUser(string name, string other) => AccountName.Key(name) == AccountName.Key(other);

    private IAsyncEnumerable<T> ListAsync<T>(string path, ListQuery query, JsonTypeInfo<IReadOnlyList<T>> type, CancellationToken cancellationToken) => ListPages.ReadAsync(
        path, query, (next, cancel) => SendCoreAsync(TrackerRequest.Get(next), cancel), (response, cancel) => ReadAsync(response, type, cancel),
        () => TrackerConnection.NotATracker(Address, null), cancellationToken);

    /// <returns>The answer, and the tracker's clock (<c>Date</c>).</returns>
    private async Task<(T Value, DateTimeOffset? TrackerNow)> SendDatedAsync<T>(
        TrackerRequest request, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var response = await SendCoreAsync(request, cancellationToken).ConfigureAwait(false);
        return (await ReadAsync(response, type, cancellationToken).ConfigureAwait(false), response.Headers.Date);
    }
}
