using System.Data.Common;
using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Files;
using P2PShare.TrackerHost.Http;
using P2PShare.TrackerHost.Storage;
using P2PShare.TrackerHost.Tickets;

namespace P2PShare.TrackerHost.Peers;

/// <summary>The rules of swarms: peers announce, and members find the sources of a content.</summary>
internal sealed class PeerService(
    TrackerDatabase database, PeerOptions options, TicketOptions tickets, TicketKeys keys, TrackerIdentity tracker, LastSeenWriter lastSeen, TimeProvider clock)
{
    private const int MaxAnnouncesAtOnce = 256;

    private readonly Batcher<Announce, AnnounceResponse?> _heartbeats = new(
        announces => AnswerHeartbeatsAsync(announces, database, options, tickets, lastSeen, clock.GetUtcNow()), MaxAnnouncesAtOnce);

    private readonly Batcher<Announce, AnnounceOutcome> _announces = new(
        announces => database.WriteSharedAsync(
            connection => new AnnounceBatch(connection, options, tickets, clock.GetUtcNow()).WriteAsync(announces), CancellationToken.None),
        MaxAnnouncesAtOnce);

    /// <param name="observed">Where the request came from.</param>
    /// <param name="own">The peer's own addresses, as it announces them.</param>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.InvalidRequest"/>: the fingerprint is not proven; <see cref="ErrorCode.NotLoggedIn"/>: the session ended meanwhile;
    /// <see cref="ErrorCode.QuotaExceeded"/>: the user has too many peers in a group, or too many holdings.
    /// </exception>
    public async Task<AnnounceResponse> AnnounceAsync(
        CurrentUser user, IPAddress observed, IReadOnlyList<IPAddress> own, AnnounceRequest request, CancellationToken cancellationToken)
    {
        // Changes and heartbeats count only for a peer that this session has announced whole. A session that continues another one after a
        // change of the password has that one's peers, whose proofs under way name the other.
        if (request.Full && request.Proof?.Proves(request.Fingerprint, tracker.Id, user.SessionId) != true
            && !await database.ReadSnapshotAsync(connection => IsOfSessionAsync(connection, user, request.Fingerprint), cancellationToken))
        {
            throw new P2PShareException(
                ErrorCode.InvalidRequest,
                "The announce does not prove its fingerprint: a signature by the peer's key over the tracker's id, the session's id and the fingerprint was expected.");
        }

        var announce = new Announce(user, request.ThroughProxy ? "" : observed.ToString(), string.Join(' ', PeerAddresses.KeepOwn(observed, own)), request);
        return (announce.IsHeartbeat ? await _heartbeats.RunAsync(announce, cancellationToken) : null)
            ?? (await _announces.RunAsync(announce, cancellationToken)).Require();
    }

    /// <summary>The peers online that offer something in a group.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/> or <see cref="ErrorCode.NotMember"/>.</exception>
    public Task<ListPage<PeerResponse>> ListAsync(CurrentUser user, string group, PageRange page, CancellationToken cancellationToken) => database.ReadAsync(
        async connection =>
        {
            var membership = await Membership.RequireMemberAsync(connection, group, user);
            var peers = await PeerStore.ListAsync(connection, membership.GroupId, options.OnlineSince(clock.GetUtcNow()), page);
            return page.ToPage(peers, peer => peer.ToResponse(membership.GroupName), PeerStore.PlaceOf) with { IsCompressible = true };
        },
        cancellationToken);

    /// <summary>The sources of contents of a group, with a ticket for them.</summary>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.GroupNotFound"/>, <see cref="ErrorCode.NotMember"/>, or <see cref="ErrorCode.FileNotFound"/> if the group has none of them.
    /// </exception>
    public Task<SourcesResponse> FindSourcesAsync(CurrentUser user, string group, SourcesRequest request, CancellationToken cancellationToken) =>
        // In one snapshot: a revocation that comes meanwhile must not date the ticket to after itself.
        database.ReadSnapshotAsync(
            async connection =>
            {
                var now = clock.GetUtcNow();
                var membership = await Membership.RequireMemberAsync(connection, group, user);
                membership.RequireId(request.GroupId);
                var asked = request.PiecesRoots.Distinct().ToArray();
                var found = await FileStore.FindRootsAsync(connection, membership.GroupId, asked.Select(root => root.ToString()), now);
                Hash256[] roots = [.. asked.Where(root => found.Contains(root.ToString()))];
                if (roots.Length == 0)
                {
                    throw new P2PShareException(
                        ErrorCode.FileNotFound, $"'{membership.GroupName}' has none of the contents that were asked for: their share was stopped, or they were replaced.");
                }

                var contents = new List<ContentSources>(roots.Length);
                foreach (var root in roots)
                {
                    var sources = await HoldingStore.FindSourcesAsync(connection, membership.GroupId, root, request.Fingerprint, options.OnlineSince(now));
                    contents.Add(new ContentSources(root, Shuffle(sources)));
                }

                var expires = DateTimeOffset.FromUnixTimeSeconds((now + tickets.TicketLifetime).ToUnixTimeSeconds());
                var ticket = new Ticket(
                    user.UserId, membership.Group.Id, user.SessionId, user.Name, membership.GroupName, roots, request.CertificateHash, expires);
                var issued = await RevocationStore.IssueTimeAsync(connection, ticket, now);
                return new SourcesResponse(membership.Group.Id, keys.Issuer.Issue(ticket, issued), expires, contents);
            },
            cancellationToken);

    /// <exception cref="P2PShareException"><see cref="ErrorCode.NotLoggedIn"/>: the session, and what it had, is not there any more.</exception>
    private static async Task<bool> IsOfSessionAsync(DbConnection connection, CurrentUser user, Hash256 fingerprint)
    {
        await SessionService.RequireAsync(connection, user);
        return await PeerStore.IsOfSessionAsync(connection, user.SessionHash, fingerprint);
    }

    // Complete ones of each user first; at random, so that callers with the same sources do not all begin with the same one, and dealt by user,
    // so that one user's peers that claim to be complete do not hide those of others that have a part.
    private static SourcePeer[] Shuffle(IEnumerable<FoundSource> sources)
    {
        var peers = sources.Select(source => source.ToResponse()).ToArray();
        Random.Shared.Shuffle(peers);
        return [.. SourcePeer.DealByUser(peers.OrderByDescending(peer => peer.Complete)).Take(HoldingStore.MaxSources)];
    }

    private static async Task<IReadOnlyList<AnnounceResponse?>> AnswerHeartbeatsAsync(
        IReadOnlyList<Announce> announces, TrackerDatabase database, PeerOptions options, TicketOptions tickets, LastSeenWriter lastSeen, DateTimeOffset now)
    {
        var found = await database.ReadAsync(connection => Heartbeats.AnswerAsync(connection, announces, options, tickets, now), CancellationToken.None);
        lastSeen.Add(found.OfType<(long Peer, AnnounceResponse)>().Select(one => one.Peer), now);
        return [.. found.Select(one => one?.Response)];
    }
}
