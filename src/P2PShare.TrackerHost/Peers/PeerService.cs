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
internal sealed class PeerService
{
    private const int MaxAnnouncesAtOnce = 256;

    // Ten megabytes.
    private const int MaxProofsKept = 50_000;

    private static readonly TimeSpan ProofLifetime = TimeSpan.FromHours(12);

    // Announces and their items in one transaction, for which the others wait.
    private const int MaxItemsAtOnce = 20_000;

    private readonly TrackerDatabase _database;
    private readonly PeerOptions _options;
    private readonly TicketOptions _tickets;
    private readonly TicketKeys _keys;
    private readonly TrackerIdentity _tracker;
    private readonly LastSeenWriter _lastSeen;
    private readonly TimeProvider _clock;
    private readonly AnnouncePacing _pacing;
    private readonly SourceSearch _sources;
    private readonly Batcher<Announce, AnnounceResponse?> _heartbeats;
    private readonly Batcher<Announce, AnnounceOutcome> _announces;
    // A proof is the same with every announce of a session, and to check its signature costs more than all else that the announce needs.
    private readonly RecentResults<(Guid Session, Hash256 Fingerprint), bool> _proven;
    private int _inWork;

    public PeerService(
        TrackerDatabase database, PeerOptions options, TicketOptions tickets, TicketKeys keys, TrackerIdentity tracker, LastSeenWriter lastSeen, TimeProvider clock)
    {
        (_database, _options, _tickets, _keys, _tracker, _lastSeen, _clock) = (database, options, tickets, keys, tracker, lastSeen, clock);
        _proven = new RecentResults<(Guid, Hash256), bool>(ProofLifetime, MaxProofsKept, clock);
        _pacing = new AnnouncePacing(options);
        _sources = new SourceSearch(options, clock);
        _heartbeats = new Batcher<Announce, AnnounceResponse?>(AnswerHeartbeatsAsync, MaxAnnouncesAtOnce);
        _announces = new Batcher<Announce, AnnounceOutcome>(
            announces => database.WritePresenceAsync(
                connection => new AnnounceBatch(connection, options, tickets, ChoosePause, clock.GetUtcNow()).WriteAsync(announces), CancellationToken.None),
            MaxAnnouncesAtOnce,
            announce => 1 + announce.Request.Holdings.Count + announce.Request.Removed.Count,
            MaxItemsAtOnce,
            database.IsConflict);
    }

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
        if (request.Full && !Proves(user, request)
            && !await _database.ReadSnapshotAsync(connection => IsOfSessionAsync(connection, user, request.Fingerprint), cancellationToken))
        {
            throw new P2PShareException(
                ErrorCode.InvalidRequest,
                "The announce does not prove its fingerprint: a signature by the peer's key over the tracker's id, the session's id and the fingerprint was expected.");
        }

        var announce = new Announce(user, request.ThroughProxy ? "" : observed.ToString(), string.Join(' ', PeerAddresses.KeepOwn(observed, own)), request);
        Interlocked.Increment(ref _inWork);
        try
        {
            return (announce.IsHeartbeat ? await _heartbeats.RunAsync(announce, cancellationToken) : null)
                ?? (await _announces.RunAsync(announce, cancellationToken)).Require();
        }
        finally
        {
            Interlocked.Decrement(ref _inWork);
        }
    }

    /// <summary>The peers online that offer something in a group.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/> or <see cref="ErrorCode.NotMember"/>.</exception>
    public Task<ListPage<PeerResponse>> ListAsync(CurrentUser user, string group, PageRange page, CancellationToken cancellationToken) => _database.ReadAsync(
        async connection =>
        {
            var membership = await Membership.RequireMemberAsync(connection, group, user);
            var peers = await PeerStore.ListAsync(connection, membership.GroupId, _options.OnlineSince(_clock.GetUtcNow()), page);
            return page.ToPage(peers, peer => peer.ToResponse(membership.GroupName), PeerStore.PlaceOf) with { IsCompressible = true };
        },
        cancellationToken);

    /// <summary>The sources of contents of a group, with a ticket for them.</summary>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.GroupNotFound"/>, <see cref="ErrorCode.NotMember"/>, or <see cref="ErrorCode.FileNotFound"/> if the group has none of them.
    /// </exception>
    public Task<SourcesResponse> FindSourcesAsync(CurrentUser user, string group, SourcesRequest request, CancellationToken cancellationToken) =>
        // In one snapshot: a revocation that comes meanwhile must not date the ticket to after itself.
        _database.ReadSnapshotAsync(
            async connection =>
            {
                var now = _clock.GetUtcNow();
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

                var contents = await _sources.FindAsync(connection, membership, roots, request.Fingerprint);
                var expires = DateTimeOffset.FromUnixTimeSeconds((now + _tickets.TicketLifetime).ToUnixTimeSeconds());
                var ticket = new Ticket(
                    user.UserId, membership.Group.Id, user.SessionId, user.Name, membership.GroupName, roots, request.CertificateHash, expires);
                var issued = await RevocationStore.IssueTimeAsync(connection, ticket, now);
                return new SourcesResponse(membership.Group.Id, _keys.Issuer.Issue(ticket, issued), expires, contents);
            },
            cancellationToken);

    private bool Proves(CurrentUser user, AnnounceRequest request)
    {
        var key = (user.SessionId, request.Fingerprint);
        if (_proven.TryGet(key, out _))
        {
            return true;
        }

        if (request.Proof?.Proves(request.Fingerprint, _tracker.Id, user.SessionId) != true)
        {
            return false;
        }

        _proven.Add(key, true, size: 1);
        return true;
    }

    /// <exception cref="P2PShareException"><see cref="ErrorCode.NotLoggedIn"/>: the session, and what it had, is not there any more.</exception>
    private static async Task<bool> IsOfSessionAsync(DbConnection connection, CurrentUser user, Hash256 fingerprint)
    {
        await SessionService.RequireAsync(connection, user);
        return await PeerStore.IsOfSessionAsync(connection, user.SessionHash, fingerprint);
    }

    private int ChoosePause(Announce announce) => _pacing.ChooseSeconds(announce.Request.Full, Volatile.Read(ref _inWork));

    private async Task<IReadOnlyList<AnnounceResponse?>> AnswerHeartbeatsAsync(IReadOnlyList<Announce> announces)
    {
        var now = _clock.GetUtcNow();
        var found = await _database.ReadAsync(connection => Heartbeats.AnswerAsync(connection, announces, _options, _tickets, ChoosePause, now), CancellationToken.None);
        _lastSeen.Add(found.OfType<(long Peer, AnnounceResponse)>().Select(one => one.Peer), now);
        return [.. found.Select(one => one?.Response)];
    }
}
