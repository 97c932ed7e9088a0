using System.Data.Common;
using System.Text.Json;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Peers;

/// <summary>
/// The rules of connection reversal: a member lets a source that it cannot dial dial its own peer. The source receives only addresses that
/// the tracker hands out for that peer to everybody, so that nothing points it at a third party.
/// </summary>
internal sealed class DialService(TrackerDatabase database, PeerOptions options, DialStreams streams, TimeProvider clock)
{
    private const int MaxMessagesAtOnce = 256;

    private readonly Batcher<string, bool> _messages = new(
        async messages =>
        {
            await database.PublishAsync(messages);
            return [.. messages.Select(_ => true)];
        },
        MaxMessagesAtOnce);

    /// <summary>Passes a request on to the source. Whether the source has a stream, and dials, is not known.</summary>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.GroupNotFound"/>, <see cref="ErrorCode.NotMember"/>, or <see cref="ErrorCode.PeerNotFound"/>: the source is not
    /// online with that content, or the caller's own peer is not online or accepts no connections.
    /// </exception>
    public async Task RequestAsync(CurrentUser user, string group, DialRequest request, CancellationToken cancellationToken)
    {
        foreach (var notice in await database.ReadSnapshotAsync(connection => FindAsync(connection, user, group, request), cancellationToken))
        {
            await _messages.RunAsync(notice.ToMessage(), cancellationToken);
        }
    }

    /// <summary>Opens the stream of a peer of the user's.</summary>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.PeerNotFound"/>: this session has announced no such peer; <see cref="ErrorCode.QuotaExceeded"/>: too many are open.
    /// </exception>
    public async Task<DialStream> OpenAsync(CurrentUser user, Hash256 fingerprint, CancellationToken cancellationToken)
    {
        var peer = await database.ReadAsync(connection => FindOwnAsync(connection, user, fingerprint), cancellationToken);
        return Guid.Parse(peer.SessionGuid) == user.SessionId
            ? streams.Open(user, fingerprint)
            : throw NotAnnounced(user, fingerprint);
    }

    private async Task<IReadOnlyList<DialNotice>> FindAsync(DbConnection connection, CurrentUser user, string group, DialRequest request)
    {
        var membership = await Membership.RequireMemberAsync(connection, group, user);
        membership.RequireId(request.GroupId);
        var asker = (await FindOwnAsync(connection, user, request.OwnFingerprint)).ToSource(isComplete: false);
        if (asker.EndPoints.Count == 0)
        {
            throw new P2PShareException(
                ErrorCode.PeerNotFound, $"Your peer {request.OwnFingerprint} accepts no connections, so another peer cannot dial it: announce it with its port.");
        }

        var holders = (await HoldingStore.FindHoldersAsync(
            connection, membership.GroupId, request.PiecesRoot, request.Fingerprint, options.OnlineSince(clock.GetUtcNow()))).ToList();
        if (holders.Count == 0 || request.Fingerprint == request.OwnFingerprint)
        {
            throw new P2PShareException(
                ErrorCode.PeerNotFound, $"No other peer {request.Fingerprint} that has this content is online in '{membership.GroupName}': ask for the content's sources again.");
        }

        var dial = JsonSerializer.Serialize(new DialEvent(membership.Group.Id, membership.GroupName, request.PiecesRoot, asker), TrackerJson.Default.DialEvent);
        return [.. holders.Select(holder => new DialNotice(holder.UserId, request.Fingerprint, Guid.Parse(holder.SessionGuid), user.Id, dial))];
    }

    private async Task<FoundPeer> FindOwnAsync(DbConnection connection, CurrentUser user, Hash256 fingerprint) =>
        await PeerStore.FindAsync(connection, user.Id, fingerprint, options.OnlineSince(clock.GetUtcNow())) ?? throw NotAnnounced(user, fingerprint);

    private static P2PShareException NotAnnounced(CurrentUser user, Hash256 fingerprint) => new(
        ErrorCode.PeerNotFound, $"This session of '{user.Name}' has no peer {fingerprint} online: announce it first.");
}
