using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Peers;

namespace P2PShare.Integration.TrackerHost;

public sealed class SourceTests
{
    [TrackerFact]
    public async Task A_member_finds_sources_and_gets_a_ticket_that_checks_with_the_public_keys()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "Alice");
        using var bob = await TestUser.CreateAsync(tracker, "Bob");
        await alice.CreateGroupAsync("dev");
        await bob.JoinAsync(alice, "dev");
        var root = TestUser.RandomHash();
        await alice.Expect(HttpStatusCode.Created, await alice.ShareAsync("dev", "a/b c.bin", root));
        Assert.Empty((await alice.AnnounceAsync(("DEV", root, Complete: true))).Rejected);

        var answer = await bob.FindSourcesAsync("dev", root, TestUser.RandomHash());

        var content = Assert.Single(answer.Contents);
        Assert.Equal(root, content.PiecesRoot);
        var peer = Assert.Single(content.Peers);
        Assert.Equal((alice.Fingerprint, "Alice", true), (peer.Fingerprint, peer.UserName, peer.Complete));
        Assert.Equal(["127.0.0.1:5000"], peer.EndPoints);

        using var anybody = TestUser.CreateClient(tracker.Address);
        var keys = await anybody.GetStringAsync(TrackerRoutes.TicketKeys);
        Assert.DoesNotContain("\"d\"", keys, StringComparison.Ordinal);
        var validator = new TicketValidator(bob.Session.TrackerId, keys, TimeProvider.System);
        var (ticket, problem) = await validator.ValidateAsync(answer.Ticket, Hash256.Compute(bob.Fingerprint.ToArray()));
        Assert.Null(problem);
        Assert.Equal(("Bob", "dev"), (ticket!.UserName, ticket.GroupName));
        Assert.Equal([root], ticket.PiecesRoots);
        Assert.Equal(answer.TicketExpires, ticket.Expires);
        Assert.InRange(ticket.Expires, DateTimeOffset.UtcNow.AddMinutes(9), DateTimeOffset.UtcNow.AddMinutes(10));
    }

    [TrackerFact]
    public async Task A_ticket_checks_for_no_other_certificate_and_not_after_its_time()
    {
        var clock = new TrackerClock();
        await using var tracker = await TestTracker.StartAsync(options => options.TicketLifetime = TimeSpan.FromMinutes(2), clock);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await alice.CreateGroupAsync("dev");
        var root = TestUser.RandomHash();
        await alice.ShareAsync("dev", "file", root);
        var answer = await alice.FindSourcesAsync("dev", root);
        using var keys = await alice.GetAsync(TrackerRoutes.TicketKeys);
        var validator = new TicketValidator(alice.Session.TrackerId, await keys.Content.ReadAsStringAsync(), clock);
        var own = Hash256.Compute(alice.Fingerprint.ToArray());

        Assert.NotNull((await validator.ValidateAsync(answer.Ticket, own)).Ticket);
        Assert.NotNull((await validator.ValidateAsync(answer.Ticket, TestUser.RandomHash())).Problem);
        clock.Advance(TimeSpan.FromMinutes(2) + TicketValidator.ClockSkew + TimeSpan.FromSeconds(1));
        Assert.NotNull((await validator.ValidateAsync(answer.Ticket, own)).Problem);
    }

    [TrackerFact]
    public async Task The_caller_is_not_its_own_source_and_complete_peers_come_first()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await alice.CreateGroupAsync("dev");
        var root = TestUser.RandomHash();
        await alice.ShareAsync("dev", "file", root);
        var complete = await AnnounceManyAsync(20, isComplete: true);
        await AnnounceManyAsync(40, isComplete: false);
        await alice.AnnounceAsync(("dev", root, Complete: true));

        var peers = Assert.Single((await alice.FindSourcesAsync("dev", root, root)).Contents).Peers;

        Assert.Equal(50, peers.Count);
        Assert.DoesNotContain(alice.Fingerprint, peers.Select(peer => peer.Fingerprint));
        Assert.All(peers.Take(20), peer => Assert.True(peer.Complete));
        Assert.Equal(complete.ToHashSet(), peers.Take(20).Select(peer => peer.Fingerprint).ToHashSet());
        Assert.All(peers.Skip(20), peer => Assert.False(peer.Complete));
        var again = Assert.Single((await alice.FindSourcesAsync("dev", root)).Contents).Peers;
        Assert.NotEqual(peers.Select(peer => peer.Fingerprint), again.Select(peer => peer.Fingerprint));

        async Task<List<Hash256>> AnnounceManyAsync(int count, bool isComplete)
        {
            var fingerprints = Enumerable.Range(0, count).Select(_ => TestUser.NewFingerprint()).ToList();
            var holding = await alice.HoldingAsync("dev", root, isComplete);
            await Task.WhenAll(fingerprints.Select(fingerprint => alice.AnnounceAsync(
                new AnnounceRequest(fingerprint, 5000, [], Full: true, [holding], Removed: [], RevocationsAfter: 0))));
            return fingerprints;
        }
    }

    [TrackerFact]
    public async Task Of_many_sources_each_caller_receives_others_and_a_new_one_soon()
    {
        const int Many = 120;
        var clock = new TrackerClock();
        await using var tracker = await TestTracker.StartAsync(options => options.PeersPerUserAndGroup = 1000, clock);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        await alice.CreateGroupAsync("dev");
        await bob.JoinAsync(alice, "dev");
        var root = TestUser.RandomHash();
        await alice.ShareAsync("dev", "file", root);
        var holding = await alice.HoldingAsync("dev", root, complete: true);
        var fingerprints = Enumerable.Range(0, Many).Select(_ => TestUser.NewFingerprint()).ToHashSet();
        await Task.WhenAll(fingerprints.Select(fingerprint => alice.AnnounceAsync(
            new AnnounceRequest(fingerprint, 5000, [], Full: true, [holding], Removed: [], RevocationsAfter: 0))));
        await alice.AnnounceAsync(holding);

        var first = await FindAsync();
        var all = new HashSet<Hash256>(first);
        for (var i = 0; i < 40; i++)
        {
            all.UnionWith(await FindAsync());
        }

        Assert.Equal(50, first.Count);
        Assert.Equal(fingerprints, all);
        // Of one user's many, another user's one is not hidden.
        await bob.AnnounceAsync(holding);
        clock.Advance(SourceSearch.Kept);
        Assert.Contains(bob.Fingerprint, await FindAsync());

        async Task<IReadOnlyList<Hash256>> FindAsync() =>
            [.. Assert.Single((await alice.FindSourcesAsync("dev", root)).Contents).Peers.Select(peer => peer.Fingerprint)];
    }

    [TrackerFact]
    public async Task Many_peers_of_many_members_hide_no_peer_of_another()
    {
        const int Members = 30;
        const int PeersOfEach = 20;
        var clock = new TrackerClock();
        await using var tracker = await TestTracker.StartAsync(clock: clock);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        using var carol = await TestUser.CreateAsync(tracker, "carol");
        await alice.CreateGroupAsync("dev");
        await bob.JoinAsync(alice, "dev");
        await carol.JoinAsync(alice, "dev");
        var root = TestUser.RandomHash();
        await alice.ShareAsync("dev", "file", root);
        var complete = await alice.HoldingAsync("dev", root, complete: true);
        for (var i = 0; i < Members; i++)
        {
            using var member = await TestUser.CreateAsync(tracker, $"member{i}");
            await member.JoinAsync(alice, "dev");
            await Task.WhenAll(Enumerable.Range(0, PeersOfEach).Select(_ => member.AnnounceAsync(
                new AnnounceRequest(TestUser.NewFingerprint(), 5000, [], Full: true, [complete], Removed: [], RevocationsAfter: 0))));
        }

        await alice.AnnounceAsync(complete);
        await bob.AnnounceAsync(("dev", root, Complete: false));

        for (var i = 0; i < 20; i++)
        {
            var peers = Assert.Single((await carol.FindSourcesAsync("dev", root)).Contents).Peers;
            Assert.Equal(SourceSearch.MaxSources, peers.Count);
            Assert.Contains(alice.Fingerprint, peers.Select(peer => peer.Fingerprint));
            // A part is dealt with those that claim to have all.
            Assert.Contains(bob.Fingerprint, peers.Select(peer => peer.Fingerprint));
            clock.Advance(SourceSearch.Kept);
        }
    }

    [TrackerTheory]
    [InlineData(16, SourceSearch.MaxSources)]
    [InlineData(64, SourceSearch.LeastSources)]
    public async Task Of_many_contents_fewer_sources_are_returned_but_of_each_user(int count, int expected)
    {
        var clock = new TrackerClock();
        await using var tracker = await TestTracker.StartAsync(options => options.PeersPerUserAndGroup = 1000, clock);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        using var carol = await TestUser.CreateAsync(tracker, "carol");
        await alice.CreateGroupAsync("dev");
        await bob.JoinAsync(alice, "dev");
        await carol.JoinAsync(alice, "dev");
        var roots = Enumerable.Range(0, count).Select(_ => TestUser.RandomHash()).ToArray();
        await Task.WhenAll(roots.Select((root, i) => alice.ShareAsync("dev", $"file {i}", root)));
        var complete = await Task.WhenAll(roots.Select(root => alice.HoldingAsync("dev", root, complete: true)));
        await Task.WhenAll(Enumerable.Range(0, 120).Select(_ => alice.AnnounceAsync(
            new AnnounceRequest(TestUser.NewFingerprint(), 5000, [], Full: true, [.. complete], Removed: [], RevocationsAfter: 0))));
        await bob.AnnounceAsync([.. complete]);

        for (var i = 0; i < 5; i++)
        {
            var found = (await carol.FindSourcesAsync("dev", roots)).Contents;
            Assert.Equal(roots, found.Select(content => content.PiecesRoot));
            Assert.All(found, content => Assert.Equal(expected, content.Peers.Count));
            Assert.All(found, content => Assert.Contains(bob.Fingerprint, content.Peers.Select(peer => peer.Fingerprint)));
            clock.Advance(SourceSearch.Kept);
        }
    }

    [TrackerFact]
    public async Task Peers_that_are_offline_hide_no_seed()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.PeersPerUserAndGroup = 1000);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var carol = await TestUser.CreateAsync(tracker, "carol");
        await alice.CreateGroupAsync("dev");
        await carol.JoinAsync(alice, "dev");
        var root = TestUser.RandomHash();
        await alice.ShareAsync("dev", "file", root);
        var complete = await alice.HoldingAsync("dev", root, complete: true);
        await alice.AnnounceAsync(complete);
        // On both sides of the seed, whatever places their users have.
        foreach (var name in new[] { "mallory", "oscar", "trudy", "walter" })
        {
            using var user = await TestUser.CreateAsync(tracker, name);
            await user.JoinAsync(alice, "dev");
            await Task.WhenAll(Enumerable.Range(0, 110).Select(_ => user.AnnounceAsync(
                new AnnounceRequest(TestUser.NewFingerprint(), 5000, [], Full: true, [complete], Removed: [], RevocationsAfter: 0))));
            await user.Expect(HttpStatusCode.NoContent, await user.DeleteAsync(TrackerRoutes.CurrentSession));
        }

        var peers = Assert.Single((await carol.FindSourcesAsync("dev", root)).Contents).Peers;

        Assert.Contains(alice.Fingerprint, peers.Select(peer => peer.Fingerprint));
    }

    [TrackerFact]
    public async Task Of_many_contents_that_many_users_have_as_many_sources_are_returned_as_promised()
    {
        // More than are read whole, and more contents than would leave each of them twelve users.
        const int Users = 110;
        const int Contents = 128;
        var clock = new TrackerClock();
        await using var tracker = await TestTracker.StartAsync(clock: clock);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await alice.CreateGroupAsync("dev");
        var roots = await ShareManyAsync(alice, Contents);
        await AddHoldersAsync(tracker, Users, clock.GetUtcNow());

        var found = (await alice.FindSourcesAsync("dev", roots)).Contents;

        Assert.All(found, content => Assert.Equal(SourceSearch.LeastSources, content.Peers.Select(peer => peer.UserId).Distinct().Count()));
    }

    [TrackerFact]
    public async Task Users_who_are_offline_hide_no_seed_of_many_contents()
    {
        const int Users = 60;
        const int Contents = 128;
        var clock = new TrackerClock();
        await using var tracker = await TestTracker.StartAsync(clock: clock);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var carol = await TestUser.CreateAsync(tracker, "carol");
        await alice.CreateGroupAsync("dev");
        await carol.JoinAsync(alice, "dev");
        var roots = await ShareManyAsync(alice, Contents);
        await AddHoldersAsync(tracker, Users, clock.GetUtcNow().AddDays(-1));
        await alice.AnnounceAsync(await Task.WhenAll(roots.Select(root => alice.HoldingAsync("dev", root, complete: true))));

        var found = (await carol.FindSourcesAsync("dev", roots)).Contents;

        Assert.All(found, content => Assert.Equal(alice.Fingerprint, Assert.Single(content.Peers).Fingerprint));
    }

    [TrackerFact]
    public async Task A_group_has_none_of_the_many_sources_of_a_deleted_one_whose_name_it_has()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.PeersPerUserAndGroup = 1000);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        await alice.CreateGroupAsync("dev");
        var root = TestUser.RandomHash();
        await alice.ShareAsync("dev", "file", root);
        var holding = await alice.HoldingAsync("dev", root, complete: true);
        await Task.WhenAll(Enumerable.Range(0, 2 * SourceSearch.MaxSources).Select(_ => alice.AnnounceAsync(
            new AnnounceRequest(TestUser.NewFingerprint(), 5000, [], Full: true, [holding], Removed: [], RevocationsAfter: 0))));
        Assert.Equal(SourceSearch.MaxSources, Assert.Single((await alice.FindSourcesAsync("dev", root)).Contents).Peers.Count);

        await alice.Expect(HttpStatusCode.NoContent, await alice.DeleteAsync(TrackerRoutes.Group("dev")));
        await bob.CreateGroupAsync("dev");
        await bob.ShareAsync("dev", "file", root);

        Assert.Empty(Assert.Single((await bob.FindSourcesAsync("dev", root)).Contents).Peers);
    }

    [TrackerFact]
    public async Task As_many_contents_as_a_request_may_name_fit_one_ticket()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await alice.CreateGroupAsync("dev");
        var roots = Enumerable.Range(0, SourcesRequest.MaxContents).Select(_ => TestUser.RandomHash()).ToArray();
        await Task.WhenAll(roots.Select((root, i) => alice.ShareAsync("dev", $"file {i}", root)));

        var answer = await alice.FindSourcesAsync("dev", roots);

        Assert.Equal(roots, answer.Contents.Select(content => content.PiecesRoot));
        Assert.True(answer.Ticket.Length <= TicketValidator.MaxLength);
        await alice.ExpectProblem(HttpStatusCode.BadRequest, ErrorCode.InvalidRequest, await alice.AskSourcesAsync("dev", [.. roots, TestUser.RandomHash()]));
        await alice.ExpectProblem(HttpStatusCode.BadRequest, ErrorCode.InvalidRequest, await alice.AskSourcesAsync("dev"));
        await alice.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.FileNotFound, await alice.AskSourcesAsync("dev", TestUser.RandomHash()));
    }

    [TrackerFact]
    public async Task A_removed_member_is_not_a_source_and_gets_no_ticket()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        await alice.CreateGroupAsync("dev");
        await bob.JoinAsync(alice, "dev");
        var root = TestUser.RandomHash();
        await alice.ShareAsync("dev", "file", root);
        await bob.AnnounceAsync(("dev", root, Complete: true));
        Assert.Single(Assert.Single((await alice.FindSourcesAsync("dev", root)).Contents).Peers);

        await alice.Expect(HttpStatusCode.NoContent, await alice.DeleteAsync(TrackerRoutes.Member("dev", "bob")));

        Assert.Empty(Assert.Single((await alice.FindSourcesAsync("dev", root)).Contents).Peers);
        await bob.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, await bob.AskSourcesAsync("dev", root));
    }

    private static async Task<Hash256[]> ShareManyAsync(TestUser user, int count)
    {
        var roots = Enumerable.Range(0, count).Select(_ => TestUser.RandomHash()).ToArray();
        await Task.WhenAll(roots.Select((root, i) => user.ShareAsync("dev", $"file {i}", root)));
        return roots;
    }

    /// <summary>Adds members who each have one peer that holds all files of the one group.</summary>
    private static Task AddHoldersAsync(TestTracker tracker, int count, DateTimeOffset lastSeen) => tracker.ExecuteAsync(
        $"""
        INSERT INTO users (name_key, name, password_hash, created, guid)
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
        SELECT 'holder' || i, 'holder' || i, 'x', 1, '00000000-0000-4000-8000-' || CAST(100000000000 + i AS TEXT) FROM n;
        INSERT INTO sessions (token_hash, user_id, created, last_used, guid) SELECT guid, id, 1, 1, guid FROM users WHERE password_hash = 'x';
        INSERT INTO members (group_id, user_id, joined) SELECT g.id, u.id, 1 FROM groups g CROSS JOIN users u WHERE u.password_hash = 'x';
        INSERT INTO peers (user_id, session_hash, fingerprint, observed_address, own_addresses, port, last_seen)
        SELECT id, guid, '0123456789012345678901234567890123456789012345678901' || SUBSTR(guid, 25), '127.0.0.1', '', 1, {lastSeen.ToUnixTimeSeconds()}
        FROM users WHERE password_hash = 'x';
        INSERT INTO holdings (peer_id, group_id, pieces_root, complete, place)
        SELECT p.id, f.group_id, f.pieces_root, 1, {SourceStore.PlaceOfUser} + 7 FROM peers p CROSS JOIN files f WHERE p.port = 1;
        """);
}
