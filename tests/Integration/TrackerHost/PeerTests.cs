using System.Net;
using Dapper;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Files;
using P2PShare.TrackerHost.Peers;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Integration.TrackerHost;

public sealed class PeerTests : IAsyncLifetime
{
    private readonly TrackerClock _clock = new();
    private readonly Hash256 _root = TestUser.RandomHash();
    private TestTracker _tracker = null!;
    private Guid _group;
    private TestUser _alice = null!;
    private TestUser _bob = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync(options => options.AnnounceInterval = TimeSpan.FromSeconds(30), _clock);
        _alice = await TestUser.CreateAsync(_tracker, "alice");
        _bob = await TestUser.CreateAsync(_tracker, "bob");
        _group = (await _alice.CreateGroupAsync("dev")).GroupId;
        await _bob.JoinAsync(_alice, "dev");
        await _alice.ShareAsync("dev", "file", _root);
    }

    public async Task DisposeAsync()
    {
        _alice.Dispose();
        _bob.Dispose();
        await _tracker.DisposeAsync();
    }

    [TrackerFact]
    public async Task A_peer_receives_the_interval_and_is_offline_after_three_of_them()
    {
        var answer = await _alice.AnnounceAsync(Complete);
        Assert.Equal((30, true), (answer.IntervalSeconds, answer.Known));

        _clock.Advance(TimeSpan.FromSeconds(90));
        Assert.Equal(1, await SourcesAsync());
        Assert.Single(await PeersAsync());

        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, await SourcesAsync());
        Assert.Empty(await PeersAsync());
    }

    [TrackerFact]
    public async Task Peers_that_fell_silent_are_removed_some_at_a_time()
    {
        const int Silent = 5 * PartialDelete.MaxRows / 2;
        await _alice.AnnounceAsync(Complete);
        var now = _clock.GetUtcNow().ToUnixTimeSeconds();
        await _tracker.ExecuteAsync(
            $"""
            INSERT INTO peers (user_id, session_hash, fingerprint, observed_address, own_addresses, port, last_seen)
            WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {Silent})
            SELECT p.user_id, p.session_hash, CAST(n AS TEXT), '127.0.0.1', '', 1, {now} - 1000 - n FROM numbers CROSS JOIN peers p;
            INSERT INTO holdings (peer_id, group_id, pieces_root, complete, place)
            SELECT p.id, h.group_id, h.pieces_root, 1, 0 FROM peers p CROSS JOIN holdings h WHERE p.port = 1;
            """);
        Assert.Equal((Silent + 1, Silent + 1), (await _tracker.CountAsync("peers"), await _tracker.CountAsync("holdings")));

        var silent = await _tracker.Database.ReadAsync(connection => PeerStore.FindExpiredAsync(connection, now - 90), CancellationToken.None);
        Assert.Equal(Silent, silent.Count);
        // One announces again before its turn comes.
        await _tracker.ExecuteAsync($"UPDATE peers SET last_seen = {now} WHERE fingerprint = '1'");
        var parts = 0;
        foreach (var some in silent.Chunk(PartialDelete.MaxRows))
        {
            for (var more = true; more; parts++)
            {
                more = await _tracker.Database.WriteAsync(connection => PeerStore.PurgeExpiredAsync(connection, some, now - 90), CancellationToken.None);
                Assert.InRange(await _tracker.CountAsync("holdings"), Silent + 1 - (PartialDelete.MaxRows * (parts + 1)), Silent + 1);
            }
        }

        Assert.InRange(parts, 3, 10);
        Assert.Equal((2, 2), (await _tracker.CountAsync("peers"), await _tracker.CountAsync("holdings")));
        await _tracker.ExecuteAsync("DELETE FROM peers WHERE fingerprint = '1'");
        Assert.Equal((1, 1), (await _tracker.CountAsync("peers"), await _tracker.CountAsync("holdings")));
        Assert.Equal(1, await SourcesAsync());
    }

    [TrackerFact]
    public async Task A_heartbeat_keeps_a_peer_and_its_holdings()
    {
        await _alice.AnnounceAsync(Complete);
        for (var i = 0; i < 5; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(60));
            Assert.True((await _alice.AnnounceAsync(Delta())).Known);
        }

        Assert.Single(await PeersAsync());
    }

    [TrackerFact]
    public async Task A_peer_that_announces_in_time_stays_known_though_it_is_written_a_second_later()
    {
        await _alice.AnnounceAsync(Complete);
        for (var i = 0; i < 5; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(30));
            var time = _clock.GetUtcNow().ToUnixTimeSeconds();
            Assert.True((await _alice.AnnounceAsync(Delta())).Known);

            _clock.Advance(TimeSpan.FromSeconds(1));
            await Eventually.HoldsAsync(async () => await LastSeenAsync() == time, "the peer is written as seen when it announced");
        }

        Assert.Single(await PeersAsync());
    }

    [TrackerFact]
    public async Task A_peer_that_moved_is_found_where_it_is_now()
    {
        await _alice.AnnounceAsync(Complete);

        await _alice.AnnounceAsync(Delta() with { Port = 6000, Addresses = ["127.0.0.2"] });

        Assert.Equal(["127.0.0.1:6000", "127.0.0.2:6000"], Assert.Single(await PeersAsync()).EndPoints.Select(endPoint => endPoint.ToString()).Order());
    }

    [TrackerFact]
    public async Task A_forgotten_peer_is_asked_to_announce_all()
    {
        Assert.False((await _alice.AnnounceAsync(Delta(Complete))).Known);
        Assert.Empty(await PeersAsync());

        await _alice.AnnounceAsync(Complete);
        _clock.Advance(TimeSpan.FromSeconds(91));
        Assert.False((await _alice.AnnounceAsync(Delta())).Known);
        Assert.Empty(await PeersAsync());

        Assert.True((await _alice.AnnounceAsync(Complete)).Known);
        Assert.Single(await PeersAsync());
    }

    [TrackerFact]
    public async Task A_peer_without_a_listening_port_is_known_by_fingerprint_alone()
    {
        await _alice.AnnounceAsync(Full(Complete) with { Port = 0 });

        var peer = Assert.Single(await PeersAsync());
        Assert.Equal(_alice.Fingerprint, peer.Fingerprint);
        Assert.Empty(peer.EndPoints);
    }

    [TrackerFact]
    public async Task A_change_adds_completes_and_removes()
    {
        var other = TestUser.RandomHash();
        await _alice.ShareAsync("dev", "other", other);
        await _alice.AnnounceAsync(("dev", _root, Complete: false));
        Assert.Equal(0, await SourcesAsync());
        Assert.False(Assert.Single(await PeersAsync()).Complete);

        await _alice.AnnounceAsync(Delta(Complete, new Announcement(_group, other, Complete: true)));
        Assert.Equal(1, await SourcesAsync());
        Assert.True(Assert.Single(await PeersAsync()).Complete);

        await _alice.AnnounceAsync(Delta() with { Removed = [Complete] });
        Assert.Empty(await PeersAsync());
        Assert.Single((await _bob.FindSourcesAsync("dev", other)).Contents.Single().Peers);

        await _alice.AnnounceAsync(Full());
        Assert.Empty((await _bob.FindSourcesAsync("dev", other)).Contents.Single().Peers);
    }

    [TrackerFact]
    public async Task Holdings_outside_the_users_groups_are_rejected_and_the_rest_kept()
    {
        using var mallory = await TestUser.CreateAsync(_tracker, "mallory");
        var other = (await mallory.CreateGroupAsync("other")).GroupId;
        Announcement[] bad = [new(other, _root, true), new(Guid.NewGuid(), _root, true), new(_group, TestUser.RandomHash(), true)];

        var answer = await _alice.AnnounceAsync([.. bad, Complete]);

        Assert.Equal(bad.ToHashSet(), answer.Rejected.ToHashSet());
        Assert.Single(await PeersAsync());
    }

    [TrackerFact]
    public async Task Announces_that_come_at_once_are_answered_each_for_itself()
    {
        using var logsOut = await TestUser.CreateAsync(_tracker, "carol");
        await logsOut.Expect(HttpStatusCode.NoContent, await logsOut.DeleteAsync(TrackerRoutes.CurrentSession));
        var other = new Announcement(_group, TestUser.RandomHash(), Complete: true);
        var fingerprints = Enumerable.Range(0, 40).Select(_ => TestUser.NewFingerprint()).ToArray();

        // New ones, ones that nobody knows, ones with a content that is none, and one without a session.
        var announces = fingerprints.Select((fingerprint, i) => (i % 2 == 0 ? _alice : _bob).AnnounceAsync(
            Full(i % 4 == 0 ? [Complete, other] : [Complete]) with { Fingerprint = fingerprint, Full = i % 5 != 0 })).ToArray();
        var refused = logsOut.PostAsync(TrackerRoutes.Peers, Full());
        var answers = await Task.WhenAll(announces);

        Assert.Equal(fingerprints.Select((_, i) => i % 5 != 0), answers.Select(answer => answer.Known));
        Assert.Equal(fingerprints.Select((_, i) => i % 4 == 0 && i % 5 != 0 ? [other] : Array.Empty<Announcement>()), answers.Select(answer => answer.Rejected));
        await logsOut.ExpectProblem(HttpStatusCode.Unauthorized, ErrorCode.NotLoggedIn, await refused);
        Assert.Equal(32, await SourcesAsync());
        Assert.Equal(
            fingerprints.Where((_, i) => i % 5 != 0).ToHashSet(), (await PeersAsync()).Select(peer => peer.Fingerprint).ToHashSet());
    }

    [TrackerFact]
    public async Task Simultaneous_announces_of_one_peer_leave_one_peer()
    {
        await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => _alice.AnnounceAsync(Complete)));

        Assert.Single(await PeersAsync());
        Assert.Equal((1, 1), (await _tracker.CountAsync("peers"), await _tracker.CountAsync("holdings")));
    }

    [TrackerFact]
    public async Task A_group_with_many_sources_counts_them_again_after_two_seconds()
    {
        await _alice.AnnounceAsync(Complete);
        await _tracker.ExecuteAsync(
            $"""
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {SourceCounts.Many})
            INSERT INTO peers (user_id, session_hash, fingerprint, observed_address, own_addresses, port, last_seen)
            SELECT p.user_id, p.session_hash, 'peer' || n.i, '127.0.0.1', '', 1, p.last_seen FROM n CROSS JOIN peers p;
            INSERT INTO holdings (peer_id, group_id, pieces_root, complete) SELECT id, 1, '{_root}', 1 FROM peers WHERE port = 1;
            """);
        Assert.Equal(SourceCounts.Many + 1, await SourcesAsync());

        await _bob.AnnounceAsync(Complete);
        Assert.Equal(SourceCounts.Many + 1, await SourcesAsync());

        _clock.Advance(SourceCounts.Kept);
        Assert.Equal(SourceCounts.Many + 2, await SourcesAsync());
        // Files that come and go are seen at once all the same.
        Assert.Single(await _bob.ListFilesAsync("dev"));
        await _alice.ShareAsync("dev", "another", TestUser.RandomHash());
        Assert.Equal(["another", "file"], (await _bob.ListFilesAsync("dev")).Select(file => file.Name).Order(StringComparer.Ordinal));
        await _alice.Expect(HttpStatusCode.NoContent, await _alice.DeleteAsync(TrackerRoutes.File("dev", "another")));
        Assert.Single(await _bob.ListFilesAsync("dev"));
    }

    [TrackerFact]
    public async Task A_peer_that_holds_much_is_offline_when_it_is_removed_and_goes_later()
    {
        await _alice.AnnounceAsync(Complete);
        await _tracker.ExecuteAsync(
            $"""
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {2 * PartialDelete.MaxRows})
            INSERT INTO holdings (peer_id, group_id, pieces_root, complete) SELECT p.id, 1, LPAD_HASH, 1 FROM n CROSS JOIN peers p;
            """.Replace("LPAD_HASH", "'" + new string('a', 56) + "' || CAST(10000000 + n.i AS TEXT)", StringComparison.Ordinal));

        await _alice.Expect(HttpStatusCode.NoContent, await _alice.DeleteAsync(TrackerRoutes.Peer(_alice.Fingerprint)));

        Assert.Empty(await PeersAsync());
        Assert.Equal(0, await SourcesAsync());
        Assert.Equal(1 + PartialDelete.MaxRows, await _tracker.CountAsync("holdings"));
        Assert.True((await _alice.AnnounceAsync(Full(Complete))).Known);
        Assert.Equal(1, await _tracker.CountAsync("holdings"));
    }

    [TrackerFact]
    public async Task A_user_can_remove_its_own_peer_and_no_other()
    {
        await _alice.AnnounceAsync(Complete);

        await _bob.Expect(HttpStatusCode.NoContent, await _bob.DeleteAsync(TrackerRoutes.Peer(_alice.Fingerprint)));
        Assert.Single(await PeersAsync());

        await _alice.Expect(HttpStatusCode.NoContent, await _alice.DeleteAsync(TrackerRoutes.Peer(_alice.Fingerprint)));
        Assert.Empty(await PeersAsync());
        await _alice.Expect(HttpStatusCode.NoContent, await _alice.DeleteAsync(TrackerRoutes.Peer(_alice.Fingerprint)));
        await _alice.ExpectProblem(HttpStatusCode.BadRequest, ErrorCode.InvalidRequest, await _alice.DeleteAsync(TrackerRoutes.Peers + "/xyz"));
    }

    [TrackerFact]
    public async Task A_fingerprint_is_announced_by_the_holder_of_its_key_alone()
    {
        await _alice.AnnounceAsync(Complete);
        using var mallory = await TestUser.CreateAsync(_tracker, "mallory");
        await mallory.JoinAsync(_alice, "dev");
        var unproven = new AnnounceRequest(_alice.Fingerprint, Port: 6666, [], Full: true, [Complete], Removed: [], RevocationsAfter: 0);
        var own = mallory.Prove(unproven with { Fingerprint = mallory.Fingerprint }).Proof;
        // What mallory can have seen of alice's.
        var alices = _alice.Prove(unproven).Proof;

        foreach (var proof in new[] { null, own, alices })
        {
            await mallory.ExpectProblem(
                HttpStatusCode.BadRequest, ErrorCode.InvalidRequest, await mallory.PostAsync(TrackerRoutes.Peers, unproven with { Proof = proof }));
        }

        Assert.False((await mallory.AnnounceAsync(unproven with { Full = false })).Known);
        var peer = Assert.Single(await PeersAsync());
        Assert.Equal(("alice", "127.0.0.1:5000"), (peer.UserName, Assert.Single(peer.EndPoints)));
    }

    [TrackerFact]
    public async Task Another_session_of_the_user_has_to_prove_the_fingerprint_too()
    {
        await _alice.AnnounceAsync(Complete);
        using var elsewhere = await TestUser.LogInAsync(_tracker, "alice");

        Assert.False((await elsewhere.AnnounceAsync(Delta())).Known);
        await elsewhere.ExpectProblem(HttpStatusCode.BadRequest, ErrorCode.InvalidRequest, await elsewhere.PostAsync(TrackerRoutes.Peers, Full(Complete)));
        // This one has it, and need not prove it again.
        await _alice.Expect(HttpStatusCode.OK, await _alice.PostAsync(TrackerRoutes.Peers, Full(Complete)));
        Assert.True((await elsewhere.AnnounceAsync(Full(Complete))).Known);
    }

    [TrackerFact]
    public async Task The_sources_of_one_user_are_dealt_in_turn_with_those_of_others()
    {
        var fingerprints = Enumerable.Range(0, 8).Select(_ => TestUser.NewFingerprint()).ToList();
        await Task.WhenAll(fingerprints.Select(fingerprint => _alice.AnnounceAsync(Full(Complete) with { Fingerprint = fingerprint })));
        using var carol = await TestUser.CreateAsync(_tracker, "carol");
        await carol.JoinAsync(_alice, "dev");
        await carol.AnnounceAsync(Complete);

        // At random she would be among the first two of nine in one of five.
        for (var i = 0; i < 8; i++)
        {
            Assert.Contains("carol", (await PeersAsync()).Take(2).Select(peer => peer.UserName));
        }
    }

    [TrackerFact]
    public async Task Own_private_addresses_are_handed_out_and_public_ones_are_not()
    {
        await _alice.AnnounceAsync(Full(Complete) with { Addresses = ["192.168.1.7", "8.8.8.8", "fd00::7", "fe80::1"] });
        Assert.Equal(["127.0.0.1:5000", "192.168.1.7:5000", "[fd00::7]:5000"], Assert.Single(await PeersAsync()).EndPoints);

        await _alice.AnnounceAsync(Full(Complete) with { Addresses = ["2001:db8::1", "169.254.0.1", "10.0.0.1"] });
        Assert.Equal(["127.0.0.1:5000", "10.0.0.1:5000"], Assert.Single(await PeersAsync()).EndPoints);
    }

    [TrackerFact]
    public async Task A_request_that_makes_no_sense_is_refused_with_the_reason()
    {
        var many = Enumerable.Range(0, AnnounceRequest.MaxHoldings + 1).Select(_ => new Announcement(_group, TestUser.RandomHash(), false)).ToArray();
        AnnounceRequest[] bad =
        [
            Full() with { Port = 65536 },
            Full() with { Port = -1 },
            Full() with { Addresses = ["nonsense"] },
            Full() with { Addresses = [null!] },
            Full() with { Addresses = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"] },
            Full() with { Holdings = [null!] },
            Full() with { Holdings = many },
            Delta() with { Removed = many },
        ];
        foreach (var request in bad)
        {
            await _alice.ExpectProblem(HttpStatusCode.BadRequest, ErrorCode.InvalidRequest, await _alice.PostAsync(TrackerRoutes.Peers, request));
        }
    }

    [TrackerFact]
    public async Task The_longest_announce_fits()
    {
        var many = Enumerable.Range(0, AnnounceRequest.MaxHoldings).Select(_ => new Announcement(Guid.NewGuid(), TestUser.RandomHash(), false)).ToArray();
        await _alice.AnnounceAsync(Complete);

        var answer = await _alice.AnnounceAsync(Delta(many) with { Removed = many });

        Assert.Equal(AnnounceRequest.MaxHoldings, answer.Rejected.Count);
    }

    [TrackerFact]
    public async Task The_purge_deletes_what_has_expired()
    {
        await _alice.AnnounceAsync(Complete);
        _clock.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(1, await CountPeersAsync());

        await Eventually.HoldsAsync(
            async () =>
            {
                _clock.Advance(TimeSpan.FromSeconds(31));
                return await CountPeersAsync() == 0;
            },
            "the peer is deleted");
    }

    private Announcement Complete => new(_group, _root, Complete: true);

    private AnnounceRequest Full(params Announcement[] holdings) => new(_alice.Fingerprint, 5000, [], Full: true, holdings, Removed: [], RevocationsAfter: 0);

    private AnnounceRequest Delta(params Announcement[] holdings) => Full(holdings) with { Full = false };

    private async Task<int> SourcesAsync() => (await _bob.ListFilesAsync("dev")).Single(file => file.Name == "file").Sources;

    private async Task<IReadOnlyList<SourcePeer>> PeersAsync() => Assert.Single((await _bob.FindSourcesAsync("dev", _root)).Contents).Peers;

    private Task<long> LastSeenAsync() => _tracker.Database.ReadAsync(
        connection => connection.ExecuteScalarAsync<long>("SELECT last_seen FROM peers"), CancellationToken.None);

    private Task<long> CountPeersAsync() => _tracker.CountAsync("peers");
}
