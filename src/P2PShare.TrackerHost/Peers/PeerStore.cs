using System.Data.Common;
using System.Net;
using Dapper;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Files;
using P2PShare.TrackerHost.Groups;
using P2PShare.TrackerHost.Hosting;
using P2PShare.TrackerHost.Storage;
using P2PShare.TrackerHost.Tickets;

namespace P2PShare.TrackerHost.Peers;

/// <summary>The rows of peers and of what they hold.</summary>
internal sealed class PeerStore(TrackerDatabase database, TrackerOptions options, TicketKeys keys, LastSeen lastSeen, TimeProvider clock)
{
    private const int MaxPeersPerContent = 50;
    private const int MaxAnnouncesAtOnce = 256;

    private readonly Batcher<Announce, AnnounceResponse?> _signsOfLife = new(
        announces => AnswerAsync(announces, database, options, lastSeen, clock.GetUtcNow()), MaxAnnouncesAtOnce);

    private readonly Batcher<Announce, AnnounceResponse?> _announces = new(
        announces => database.WriteSharedAsync(
            connection => new AnnounceBatch(connection, options, clock.GetUtcNow()).WriteAsync(announces), CancellationToken.None),
        MaxAnnouncesAtOnce);

    /// <param name="observed">Where the request came from.</param>
    /// <param name="own">The peer's own addresses, as it says.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.NotLoggedIn"/>: the session ended meanwhile.</exception>
    public async Task<AnnounceResponse> AnnounceAsync(
        CurrentUser user, IPAddress observed, IReadOnlyList<IPAddress> own, AnnounceRequest request, CancellationToken cancellationToken)
    {
        var announce = new Announce(user, observed.ToString(), string.Join(' ', PeerAddresses.KeepOwn(observed, own)), request);
        return (announce.IsSignOfLife ? await _signsOfLife.RunAsync(announce, cancellationToken) : null)
            ?? await _announces.RunAsync(announce, cancellationToken)
            ?? throw SessionStore.Ended();
    }

    /// <summary>Forgets a peer of the user; one that is not there is forgotten already.</summary>
    public Task RemoveAsync(CurrentUser user, Hash256 fingerprint, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.ExecuteAsync(
            "DELETE FROM peers WHERE user_id = @User AND fingerprint = @Fingerprint", new { User = user.Id, Fingerprint = fingerprint.ToString() }),
        cancellationToken);

    /// <summary>The peers online that offer something in a group.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/> or <see cref="ErrorCode.NotMember"/>.</exception>
    public Task<IReadOnlyList<PeerResponse>> ListAsync(CurrentUser user, string group, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<PeerResponse>>(
            async connection =>
            {
                var membership = await Membership.RequireMemberAsync(connection, group, user);
                var rows = await connection.QueryAsync<PeerRow>(
                    """
                    SELECT p.fingerprint AS Fingerprint, u.name AS UserName, p.observed_address AS ObservedAddress, p.own_addresses AS OwnAddresses,
                        p.port AS Port, p.last_seen AS LastSeen, h.Complete AS CompleteContents, h.Partial AS PartialContents
                    FROM (SELECT peer_id, SUM(complete) AS Complete, SUM(1 - complete) AS Partial FROM holdings
                        WHERE group_id = @GroupId GROUP BY peer_id) h
                    JOIN peers p ON p.id = h.peer_id
                    JOIN users u ON u.id = p.user_id
                    JOIN members m ON m.group_id = @GroupId AND m.user_id = p.user_id
                    WHERE p.last_seen >= @SeenSince
                    ORDER BY u.name_key, p.id
                    """,
                    new { membership.GroupId, SeenSince = options.PeersSeenSince(clock.GetUtcNow()) });
                return [.. rows.Select(row => row.ToPeer(membership.GroupName))];
            },
            cancellationToken);

    /// <summary>Who has contents of a group, with a ticket for them.</summary>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.GroupNotFound"/>, <see cref="ErrorCode.NotMember"/>, or <see cref="ErrorCode.FileNotFound"/> where the group has none of them.
    /// </exception>
    public Task<SourcesResponse> FindSourcesAsync(CurrentUser user, string group, SourcesRequest request, CancellationToken cancellationToken) =>
        // In one snapshot: an access that ends meanwhile must not date the ticket to after its end.
        database.ReadSnapshotAsync(
            async connection =>
            {
                var now = clock.GetUtcNow();
                var membership = await Membership.RequireMemberAsync(connection, group, user);
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
                    contents.Add(new ContentSources(root, await FindPeersAsync(connection, membership.GroupId, root, request.Fingerprint, now)));
                }

                var expires = DateTimeOffset.FromUnixTimeSeconds((now + options.TicketLifetime).ToUnixTimeSeconds());
                var ticket = new Ticket(user.Name, membership.GroupName, roots, request.CertificateHash, expires);
                var issued = await RevocationStore.IssueTimeAsync(connection, membership.GroupName, user.Name, now);
                return new SourcesResponse(keys.Issuer.Issue(ticket, issued), expires, contents);
            },
            cancellationToken);

    private static async Task<IReadOnlyList<AnnounceResponse?>> AnswerAsync(
        IReadOnlyList<Announce> announces, TrackerDatabase database, TrackerOptions options, LastSeen lastSeen, DateTimeOffset now)
    {
        var found = await database.ReadAsync(connection => new SignsOfLife(connection, options, now).AnswerAsync(announces), CancellationToken.None);
        lastSeen.Add(found.OfType<(long Peer, AnnounceResponse)>().Select(one => one.Peer), now);
        return [.. found.Select(one => one?.Answer)];
    }

    /// <summary>
    /// Complete ones first. Of many, those that follow a random place: to look at all and choose would cost the more the
    /// more there are, and all of them ask.
    /// </summary>
    private async Task<IReadOnlyList<SourcePeer>> FindPeersAsync(
        DbConnection connection, long group, Hash256 content, Hash256 asker, DateTimeOffset now)
    {
        // Some of them may be gone, or be the one that asks.
        const int Candidates = MaxPeersPerContent + 25;
        const string Holders = "SELECT * FROM (SELECT peer_id, complete, place FROM holdings WHERE group_id = @group AND pieces_root = @Root AND ";
        const string Some = " ORDER BY place LIMIT @Candidates)";
        var rows = await connection.QueryAsync<SourceRow>(
            $"""
            SELECT p.fingerprint AS Fingerprint, u.name AS UserName, c.complete AS Complete,
                p.observed_address AS ObservedAddress, p.own_addresses AS OwnAddresses, p.port AS Port
            FROM (
                {Holders} complete = 1 AND place >= @From {Some} AS a
                UNION ALL {Holders} complete = 1 AND place < @From {Some} AS b
                UNION ALL {Holders} complete = 0 AND place >= @From {Some} AS c
                UNION ALL {Holders} complete = 0 AND place < @From {Some} AS d
                ORDER BY complete DESC LIMIT @Candidates
            ) AS c
            -- In this order: SQLite takes the words for an order, and would begin with the members.
            CROSS JOIN peers p CROSS JOIN users u CROSS JOIN members m
            WHERE p.id = c.peer_id AND u.id = p.user_id AND m.group_id = @group AND m.user_id = p.user_id AND p.last_seen >= @SeenSince AND p.fingerprint <> @Asker
            ORDER BY c.complete DESC LIMIT @MaxPeersPerContent
            """,
            new
            {
                group,
                Root = content.ToString(),
                From = Random.Shared.NextInt64(uint.MaxValue),
                Candidates,
                SeenSince = options.PeersSeenSince(now),
                Asker = asker.ToString(),
                MaxPeersPerContent,
            });
        var peers = rows.Select(row => row.ToPeer()).ToArray();
        // So that not all who get the same ones begin with the same one.
        Random.Shared.Shuffle(peers);
        return [.. peers.OrderByDescending(peer => peer.Complete)];
    }


    // Properties, not a constructor: of a result without rows SQLite cannot tell the types that a constructor is chosen by.
    private sealed class SourceRow
    {
        public required string Fingerprint { get; init; }

        public required string UserName { get; init; }

        public required long Complete { get; init; }

        public required string ObservedAddress { get; init; }

        public required string OwnAddresses { get; init; }

        public required long Port { get; init; }

        public SourcePeer ToPeer() =>
            new(Hash256.Parse(Fingerprint), UserName, Complete == 1, PeerAddresses.EndPoints(ObservedAddress, OwnAddresses, Port));
    }

    private sealed class PeerRow
    {
        public required string Fingerprint { get; init; }

        public required string UserName { get; init; }

        public required string ObservedAddress { get; init; }

        public required string OwnAddresses { get; init; }

        public required long Port { get; init; }

        public required long LastSeen { get; init; }

        public required long CompleteContents { get; init; }

        public required long PartialContents { get; init; }

        public PeerResponse ToPeer(string group) => new(
            group,
            UserName,
            Hash256.Parse(Fingerprint),
            PeerAddresses.EndPoints(ObservedAddress, OwnAddresses, Port),
            (int)CompleteContents,
            (int)PartialContents,
            DateTimeOffset.FromUnixTimeSeconds(LastSeen));
    }
}
