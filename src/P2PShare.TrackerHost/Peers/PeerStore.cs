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
internal sealed class PeerStore(TrackerDatabase database, TrackerOptions options, TicketKeys keys, TimeProvider clock)
{
    private const int MaxPeersPerContent = 50;

    /// <param name="observed">Where the request came from.</param>
    /// <param name="own">The peer's own addresses, as it says.</param>
    public Task<AnnounceResponse> AnnounceAsync(
        CurrentUser user, IPAddress observed, IReadOnlyList<IPAddress> own, AnnounceRequest request, CancellationToken cancellationToken) =>
        database.WriteSharedAsync(
            async connection =>
            {
                await SessionStore.RequireAsync(connection, user);
                var now = clock.GetUtcNow();
                var interval = (int)options.AnnounceInterval.TotalSeconds;
                if (!request.Full && !await IsKnownAsync(connection, user, request.Fingerprint, now))
                {
                    return new AnnounceResponse(interval, Known: false, Rejected: [], await EndedAccessStore.GetAsync(connection, user, options, now));
                }

                var peer = await connection.QuerySingleAsync<long>(
                    """
                    INSERT INTO peers (user_id, session_hash, fingerprint, observed_address, own_addresses, port, last_seen)
                    VALUES (@User, @SessionHash, @Fingerprint, @Observed, @Own, @Port, @Now)
                    ON CONFLICT (user_id, fingerprint) DO UPDATE SET session_hash = excluded.session_hash,
                        observed_address = excluded.observed_address, own_addresses = excluded.own_addresses,
                        port = excluded.port, last_seen = excluded.last_seen
                    RETURNING id
                    """,
                    new
                    {
                        User = user.Id,
                        user.SessionHash,
                        Fingerprint = request.Fingerprint.ToString(),
                        Observed = observed.ToString(),
                        Own = string.Join(' ', PeerAddresses.KeepOwn(observed, own)),
                        request.Port,
                        Now = now.ToUnixTimeSeconds(),
                    });
                var rejected = await KeepHoldingsAsync(connection, user, peer, request, now);
                return new AnnounceResponse(interval, Known: true, rejected, await EndedAccessStore.GetAsync(connection, user, options, now));
            },
            cancellationToken);

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

                var rows = await connection.QueryAsync<SourceRow>(
                    $"""
                    SELECT PiecesRoot, Fingerprint, UserName, Complete, ObservedAddress, OwnAddresses, Port FROM (
                        SELECT h.pieces_root AS PiecesRoot, p.fingerprint AS Fingerprint, u.name AS UserName, h.complete AS Complete,
                            p.observed_address AS ObservedAddress, p.own_addresses AS OwnAddresses, p.port AS Port,
                            ROW_NUMBER() OVER (PARTITION BY h.pieces_root ORDER BY h.complete DESC, RANDOM()) AS Place
                        FROM holdings h
                        JOIN peers p ON p.id = h.peer_id
                        JOIN users u ON u.id = p.user_id
                        JOIN members m ON m.group_id = h.group_id AND m.user_id = p.user_id
                        WHERE h.group_id = @GroupId AND {connection.In("h.pieces_root", "@Found")} AND p.last_seen >= @SeenSince AND p.fingerprint <> @Asker
                    ) AS ranked
                    WHERE Place <= @MaxPeersPerContent
                    ORDER BY Place
                    """,
                    new { membership.GroupId, Found = found.ToArray(), SeenSince = options.PeersSeenSince(now), Asker = request.Fingerprint.ToString(), MaxPeersPerContent });
                var peers = rows.ToLookup(row => Hash256.Parse(row.PiecesRoot), row => row.ToPeer());
                var expires = DateTimeOffset.FromUnixTimeSeconds((now + options.TicketLifetime).ToUnixTimeSeconds());
                var ticket = new Ticket(user.Name, membership.GroupName, roots, request.CertificateHash, expires);
                var issued = await EndedAccessStore.IssueTimeAsync(connection, membership.GroupName, user.Name, now);
                return new SourcesResponse(
                    keys.Issuer.Issue(ticket, issued), expires, [.. roots.Select(root => new ContentSources(root, [.. peers[root]]))]);
            },
            cancellationToken);

    private async Task<bool> IsKnownAsync(DbConnection connection, CurrentUser user, Hash256 fingerprint, DateTimeOffset now) =>
        await connection.ExecuteScalarAsync<long>(
            "SELECT COUNT(*) FROM peers WHERE user_id = @User AND fingerprint = @Fingerprint AND last_seen >= @SeenSince",
            new { User = user.Id, Fingerprint = fingerprint.ToString(), SeenSince = options.PeersSeenSince(now) }) > 0;

    /// <returns>What was not kept: the user is no member of the group, or the group has no such content.</returns>
    private static async Task<IReadOnlyList<Holding>> KeepHoldingsAsync(
        DbConnection connection, CurrentUser user, long peer, AnnounceRequest request, DateTimeOffset now)
    {
        if (request.Full)
        {
            await connection.ExecuteAsync("DELETE FROM holdings WHERE peer_id = @peer", new { peer });
        }

        if (request.Holdings.Count == 0 && (request.Full || request.Removed.Count == 0))
        {
            return [];
        }

        var groups = (await connection.QueryAsync<(string Key, long Id)>(
                "SELECT g.name_key, g.id FROM groups g JOIN members m ON m.group_id = g.id WHERE m.user_id = @User", new { User = user.Id }))
            .ToDictionary(group => group.Key, group => group.Id, StringComparer.Ordinal);
        if (!request.Full)
        {
            await connection.ExecuteAsync(
                "DELETE FROM holdings WHERE peer_id = @peer AND group_id = @Group AND pieces_root = @Root",
                request.Removed
                    .Where(holding => groups.ContainsKey(AccountName.Key(holding.Group)))
                    .Select(holding => new { peer, Group = groups[AccountName.Key(holding.Group)], Root = holding.PiecesRoot.ToString() }));
        }

        var rejected = new List<Holding>();
        foreach (var ofGroup in request.Holdings.GroupBy(holding => AccountName.Key(holding.Group)))
        {
            if (!groups.TryGetValue(ofGroup.Key, out var group))
            {
                rejected.AddRange(ofGroup);
                continue;
            }

            var found = await FileStore.FindRootsAsync(connection, group, ofGroup.Select(holding => holding.PiecesRoot.ToString()), now);
            var kept = ofGroup.ToLookup(holding => found.Contains(holding.PiecesRoot.ToString()));
            rejected.AddRange(kept[false]);
            await connection.ExecuteAsync(
                """
                INSERT INTO holdings (peer_id, group_id, pieces_root, complete) VALUES (@peer, @group, @Root, @Complete)
                ON CONFLICT (peer_id, group_id, pieces_root) DO UPDATE SET complete = excluded.complete
                """,
                kept[true].Select(holding => new { peer, group, Root = holding.PiecesRoot.ToString(), Complete = holding.Complete ? 1L : 0L }));
        }

        return rejected;
    }

    // Properties, not a constructor: of a result without rows SQLite cannot tell the types that a constructor is chosen by.
    private sealed class SourceRow
    {
        public required string PiecesRoot { get; init; }

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
