using System.Data.Common;
using System.Globalization;
using System.Net;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Groups;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Integration.TrackerHost;

/// <summary>The deletion of a group that has much: it is gone with one write, and its rows go in parts.</summary>
public sealed class GroupRemovalTests : IAsyncLifetime
{
    private const int Members = 3000;

    // All tables that have rows of a group.
    private static readonly string[] Tables =
    [
        "members", "join_requests", "ended_memberships", "files", "file_sharers", "retired_contents", "withdrawn_contents", "holdings", "lost_holdings", "events", "file_changes",
    ];

    private readonly TrackerClock _clock = new();
    private readonly Hash256 _root = TestUser.RandomHash();
    private readonly Hash256 _other = TestUser.RandomHash();
    private readonly string _folder = Directory.CreateTempSubdirectory("p2pshare-removal-").FullName;
    private TestTracker _tracker = null!;
    private TestUser _alice = null!;
    private TestUser _bob = null!;
    private TestUser _carol = null!;
    private long _group;
    private Guid _groupId;
    private string _before = "";
    private long _revocationsBefore;

    public async Task InitializeAsync()
    {
        await StartAsync();
        _alice = await TestUser.CreateAsync(_tracker, "Alice");
        _bob = await TestUser.CreateAsync(_tracker, "Bob");
        _carol = await TestUser.CreateAsync(_tracker, "Carol");
        _groupId = (await _alice.CreateGroupAsync("Dev")).GroupId;
        await _alice.CreateGroupAsync("Other");
        await _bob.JoinAsync(_alice, "dev");
        await _bob.JoinAsync(_alice, "other");
        await _alice.ShareAsync("other", "others", _other);
        await _bob.ShareAsync("dev", "file", _root);
        _revocationsBefore = (await _bob.AnnounceAsync(("dev", _root, true))).RevocationsAfter;
        await _carol.PostAsync(TrackerRoutes.JoinRequests("dev"));
        _group = await ScalarAsync("SELECT id FROM groups WHERE name = 'Dev'");
        await _tracker.Database.WriteAsync(AddMuchAsync, CancellationToken.None);
        _before = (await ScalarAsync("SELECT MAX(id) FROM events")).ToString(CultureInfo.InvariantCulture);
    }

    public async Task DisposeAsync()
    {
        _alice.Dispose();
        _bob.Dispose();
        _carol.Dispose();
        await _tracker.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        await TestDatabase.DropAsync(_folder);
    }

    [TrackerFact]
    public async Task A_deleted_group_is_gone_with_all_that_it_had_and_its_name_is_free()
    {
        await _alice.Expect(HttpStatusCode.NoContent, await _alice.DeleteAsync(TrackerRoutes.Group("dev")));

        await AssertGoneAsync();
        await AssertNoRowsAsync();
        await AssertAnotherOfTheNameIsEmptyAsync();
    }

    [TrackerFact]
    public async Task The_first_write_alone_makes_a_group_disappear_and_writes_no_row_of_what_it_had()
    {
        var before = await CountAsync();
        await EndAsync();

        // One event, of which more below.
        Assert.Equal(before, await CountAsync());
        Assert.Equal(1, await ScalarAsync($"SELECT COUNT(*) FROM events WHERE id > {_before}"));
        Assert.Equal(1, await ScalarAsync("SELECT COUNT(*) FROM revocations"));
        Assert.Equal(0, await ScalarAsync("SELECT COUNT(*) FROM former_members"));
        await AssertGoneAsync();
        await AssertAnotherOfTheNameIsEmptyAsync();
        // The second of the name is gone as the first one is.
        await _alice.Expect(HttpStatusCode.NoContent, await _alice.DeleteAsync(TrackerRoutes.Group("dev")));
        await AssertGoneAsync();
    }

    [TrackerFact]
    public async Task What_a_deleted_group_had_is_removed_in_parts_of_at_most_a_thousand_rows()
    {
        await EndAsync();
        var parts = new List<long>();
        var more = true;
        while (more)
        {
            await _tracker.Database.WriteAsync(
                async connection =>
                {
                    var before = await CountChangesAsync(connection);
                    more = await GroupRemoval.SweepAsync(connection, _group);
                    parts.Add(await CountChangesAsync(connection) - before);
                },
                CancellationToken.None);
        }

        Assert.All(parts, rows => Assert.InRange(rows, 1, PartialDelete.MaxRows));
        // Members are two rows each: former members are known for a while.
        Assert.InRange(parts.Sum(), 15_000, 30_000);
        await AssertNoRowsAsync();
        // Once more, or for a group that was not deleted, it does nothing.
        var other = await ScalarAsync("SELECT id FROM groups WHERE name = 'Other'");
        Assert.False(await _tracker.Database.WriteAsync(connection => GroupRemoval.SweepAsync(connection, _group), CancellationToken.None));
        Assert.False(await _tracker.Database.WriteAsync(connection => GroupRemoval.SweepAsync(connection, other), CancellationToken.None));
        Assert.Equal(2, (await _bob.Expect<GroupResponse>(HttpStatusCode.OK, await _bob.GetAsync(TrackerRoutes.Group("other")))).MemberCount);
    }

    [TrackerFact]
    public async Task A_deletion_that_a_crash_interrupts_is_completed_after_the_next_start()
    {
        await EndAsync();
        await SweepAsync(parts: 2);
        await _tracker.DisposeAsync();

        await StartAsync();
        await Eventually.HoldsAsync(
            async () =>
            {
                _clock.Advance(TimeSpan.FromSeconds(61));
                return await ScalarAsync($"SELECT COUNT(*) FROM all_groups WHERE id = {_group}") == 0;
            },
            "the purge has removed the group",
            TimeSpan.FromSeconds(60));

        await AssertNoRowsAsync();
        Assert.Equal(1, await ScalarAsync("SELECT COUNT(*) FROM groups"));
    }

    [TrackerFact]
    public async Task Every_member_receives_the_event_once_and_in_its_place_whatever_is_removed_already()
    {
        var former = await AddFormerMemberAsync("Dave");
        await using var watching = await EventListener.OpenAsync(_bob);
        await EndAsync();
        Assert.Equal((GroupEventKind.GroupRemoved, "Dev", "Alice", null), await watching.NextShortAsync());
        await _alice.CreateGroupAsync("dev");
        await _bob.JoinAsync(_alice, "dev");
        await _carol.JoinAsync(_alice, "dev");
        (GroupEventKind Kind, Guid Group)[] expected =
            [(GroupEventKind.GroupRemoved, _groupId), (GroupEventKind.JoinApproved, await _bob.GroupIdAsync("dev")), (GroupEventKind.JoinApproved, await _bob.GroupIdAsync("dev"))];

        Assert.Equal(expected, await ReadMissedAsync(_bob));
        await SweepAsync(parts: 3);
        Assert.InRange(await ScalarAsync($"SELECT COUNT(*) FROM members WHERE group_id = {_group}"), 1, Members - 1);
        foreach (var user in await _tracker.Database.ReadAsync(connection => connection.QueryAsync<string>(Unread), CancellationToken.None))
        {
            Assert.Fail($"{user} would not receive the event");
        }

        Assert.Equal(expected, await ReadMissedAsync(_bob));
        await SweepAsync(parts: int.MaxValue);
        Assert.Equal(expected, await ReadMissedAsync(_bob));
        Assert.Equal(Members + 2, await ScalarAsync("SELECT COUNT(*) FROM former_members f JOIN events e ON e.members_until = f.number"));
        // The revocation is purged before the event is.
        Assert.Equal(GroupEventKind.JoinApproved, (await watching.NextAsync()).Kind);
        await PurgeAsync(TimeSpan.FromMinutes(40), "SELECT COUNT(*) FROM revocations");
        Assert.Equal(expected, await ReadMissedAsync(_bob));

        // Not those who left before, or came to the other group of the name.
        Assert.DoesNotContain(GroupEventKind.GroupRemoved, (await ReadMissedAsync(former)).Select(one => one.Kind));
        Assert.DoesNotContain(GroupEventKind.GroupRemoved, (await ReadMissedAsync(_carol)).Select(one => one.Kind));
        former.Dispose();
        await PurgeAsync(TimeSpan.FromMinutes(30), "SELECT COUNT(*) FROM former_members");
    }

    [TrackerFact]
    public async Task A_peer_receives_one_revocation_of_a_deleted_group_whatever_is_removed_already()
    {
        await EndAsync();

        await AssertRevokedAsync();
        await SweepAsync(parts: 3);
        await AssertRevokedAsync();
        await SweepAsync(parts: int.MaxValue);
        await AssertRevokedAsync();

        async Task AssertRevokedAsync()
        {
            var answer = await AnnounceAsync(_revocationsBefore);
            Assert.Equal((_groupId, null, null), Assert.Single(answer.Revocations.Select(revocation => (revocation.GroupId, revocation.UserId, revocation.SessionId))));
            Assert.Empty((await AnnounceAsync(answer.RevocationsAfter)).Revocations);
        }

        Task<AnnounceResponse> AnnounceAsync(long after) => _bob.AnnounceAsync(new AnnounceRequest(_bob.Fingerprint, 5000, [], Full: false, [], [], after));
    }

    [TrackerFact]
    public async Task What_is_left_of_a_deleted_group_counts_to_no_quota()
    {
        await _tracker.DisposeAsync();
        // As many as each has in the group.
        await StartAsync(options => (options.GroupsPerUser, options.FilesPerUser, options.JoinRequestsPerUser, options.HoldingsPerUser) = (2, 1201, 1, 2601));
        (_alice, _bob, _carol) = (await LogInAgainAsync(_alice), await LogInAgainAsync(_bob), await LogInAgainAsync(_carol));
        // What was counted a while ago is close to the quota: it is counted exactly.
        await _tracker.ExecuteAsync("DELETE FROM user_quota_counts; INSERT INTO user_quota_counts (user_id, shares_counted, holdings_counted) SELECT id, 1201, 2601 FROM users WHERE name = 'Bob'");
        var second = new AnnounceRequest(TestUser.NewFingerprint(), 5001, [], Full: true, [await _bob.HoldingAsync("other", _other, complete: true)], [], 0);
        await _bob.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await _bob.ShareAsync("other", "more", _root));
        await _carol.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await _carol.PostAsync(TrackerRoutes.JoinRequests("other")));
        await _alice.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await _alice.PostAsync(TrackerRoutes.Groups, new CreateGroupRequest("third")));
        await _bob.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await _bob.PostAsync(TrackerRoutes.Peers, _bob.Prove(second)));

        await EndAsync();

        await _alice.CreateGroupAsync("third");
        await _bob.Expect(HttpStatusCode.Created, await _bob.ShareAsync("other", "more", _root));
        await _carol.Expect(HttpStatusCode.Created, await _carol.PostAsync(TrackerRoutes.JoinRequests("other")));
        Assert.Empty((await _bob.AnnounceAsync(second)).Rejected);

        async Task<TestUser> LogInAgainAsync(TestUser user)
        {
            user.Dispose();
            return await TestUser.LogInAsync(_tracker, user.Name);
        }
    }

    [TrackerFact]
    public async Task An_owner_can_be_deleted_while_the_rows_of_a_deleted_group_are_left()
    {
        await EndAsync();
        await _alice.Expect(HttpStatusCode.NoContent, await _alice.DeleteAsync(TrackerRoutes.Group("other")));

        await _alice.Expect(HttpStatusCode.NoContent, await _alice.DeleteAsync(TrackerRoutes.CurrentUser));

        await AssertNoRowsAsync();
        Assert.Equal((0, 0), (await ScalarAsync("SELECT COUNT(*) FROM users WHERE name = 'Alice'"), await ScalarAsync("SELECT COUNT(*) FROM removed_users")));
    }

    private async Task StartAsync(Action<TestTrackerOptions>? configure = null) => _tracker = await TestTracker.StartAsync(
        options =>
        {
            options.DataPath = _folder;
            configure?.Invoke(options);
        },
        _clock);

    /// <summary>The first write of a deletion by the owner that is interrupted then.</summary>
    private async Task EndAsync()
    {
        var owner = (await _tracker.Services.GetRequiredService<SessionService>().FindAsync(_alice.Session.Token!, CancellationToken.None))!;
        Assert.Equal(_group, await _tracker.Services.GetRequiredService<GroupService>().EndAsync(owner, "DEV", CancellationToken.None));
    }

    private async Task SweepAsync(int parts)
    {
        for (var part = 0; part < parts && await _tracker.Database.WriteAsync(connection => GroupRemoval.SweepAsync(connection, _group), CancellationToken.None); part++)
        {
        }
    }

    /// <summary>For each user that may see something of the group, all that it could.</summary>
    private async Task AssertGoneAsync()
    {
        using var stranger = await TestUser.CreateAsync(_tracker, $"stranger{Random.Shared.Next()}");
        foreach (var user in new[] { _alice, _bob, _carol, stranger })
        {
            foreach (var path in new[] { TrackerRoutes.Files("dev"), TrackerRoutes.Members("dev"), TrackerRoutes.JoinRequests("dev"), TrackerRoutes.GroupPeers("dev") })
            {
                await user.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.GroupNotFound, await user.GetPageAsync(path));
            }

            await user.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.GroupNotFound, await user.GetAsync(TrackerRoutes.Group("dev")));
            await user.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.GroupNotFound, await user.DeleteAsync(TrackerRoutes.Group("dev")));
            await user.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.GroupNotFound, await user.AskSourcesAsync("dev", _root));
            await user.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.GroupNotFound, await user.ShareAsync("dev", "later", _root));
            await user.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.GroupNotFound, await user.DeleteAsync(TrackerRoutes.Member("dev", "bob")));
            await user.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.GroupNotFound, await user.GetAsync($"{TrackerRoutes.Events}?group=dev"));
            Assert.DoesNotContain("Dev", (await user.ListAsync<GroupResponse>(ListQuery.All.On(TrackerRoutes.Groups))).Select(group => group.Name));
            Assert.DoesNotContain("Dev", (await user.ListAsync<GroupResponse>($"{ListQuery.All.On(TrackerRoutes.Groups)}&mine=true")).Select(group => group.Name));
        }

        // By its id, as a peer announces it.
        var holding = new Announcement(_groupId, _root, Complete: true);
        Assert.Contains(holding, (await _bob.AnnounceAsync(new AnnounceRequest(TestUser.NewFingerprint(), 5001, [], Full: true, [holding], [], 0))).Rejected);
        var problem = await _alice.ExpectProblem(HttpStatusCode.Conflict, ErrorCode.UserOwnsGroups, await _alice.DeleteAsync(TrackerRoutes.CurrentUser));
        Assert.DoesNotContain("Dev", problem.Detail, StringComparison.Ordinal);
    }

    private async Task AssertAnotherOfTheNameIsEmptyAsync()
    {
        var made = await _carol.CreateGroupAsync("dev");
        Assert.NotEqual(_groupId, made.GroupId);
        Assert.Equal(1, (await _carol.Expect<GroupResponse>(HttpStatusCode.OK, await _carol.GetAsync(TrackerRoutes.Group("dev")))).MemberCount);
        Assert.Equal(["Carol"], (await _carol.ListAsync<MemberResponse>(ListQuery.All.On(TrackerRoutes.Members("dev")))).Select(member => member.UserName));
        Assert.Empty(await _carol.ListFilesAsync("dev"));
        Assert.Empty(await _carol.ListAsync<JoinRequestResponse>(ListQuery.All.On(TrackerRoutes.JoinRequests("dev"))));
        Assert.Empty(await _carol.ListAsync<PeerResponse>(ListQuery.All.On(TrackerRoutes.GroupPeers("dev"))));
        await _carol.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.FileNotFound, await _carol.AskSourcesAsync("dev", _root));
        await _carol.Expect(HttpStatusCode.Created, await _carol.ShareAsync("dev", "file", _root));
        Assert.Equal(0, Assert.Single(await _carol.ListFilesAsync("dev")).Sources);
        foreach (var former in new[] { _alice, _bob })
        {
            await former.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, await former.GetPageAsync(TrackerRoutes.Files("dev")));
        }

        // For the next round.
        await _carol.Expect(HttpStatusCode.NoContent, await _carol.DeleteAsync(TrackerRoutes.Group("dev")));
        await _alice.CreateGroupAsync("dev");
    }

    private async Task AssertNoRowsAsync()
    {
        foreach (var table in Tables)
        {
            Assert.Equal((table, 0), (table, await ScalarAsync(CountOf(table))));
        }

        Assert.Equal(0, await ScalarAsync($"SELECT COUNT(*) FROM all_groups WHERE id = {_group}"));
    }

    private async Task<Dictionary<string, long>> CountAsync()
    {
        var counts = new Dictionary<string, long>();
        foreach (var table in Tables)
        {
            counts[table] = await ScalarAsync(CountOf(table));
        }

        return counts;
    }

    private string CountOf(string table) => table == "file_sharers"
        ? $"SELECT COUNT(*) FROM file_sharers s JOIN files f ON f.id = s.file_id WHERE f.group_id = {_group}"
        : $"SELECT COUNT(*) FROM {table} WHERE group_id = {_group}";

    private Task<long> ScalarAsync(string sql) => _tracker.Database.ReadAsync(connection => connection.ExecuteScalarAsync<long>(sql), CancellationToken.None);

    /// <summary>Rows that this connection, or this transaction, has inserted, changed and deleted, those that the database deletes by itself included.</summary>
    private static Task<long> CountChangesAsync(DbConnection connection) => connection.ExecuteScalarAsync<long>(
        connection is NpgsqlConnection ? "SELECT SUM(n_tup_ins + n_tup_upd + n_tup_del)::bigint FROM pg_stat_xact_user_tables" : "SELECT total_changes()");

    /// <summary>The events of the two groups of the name that a stream has which resumes before the deletion.</summary>
    private async Task<IReadOnlyList<(GroupEventKind Kind, Guid Group)>> ReadMissedAsync(TestUser user)
    {
        var own = $"own{Random.Shared.Next()}";
        await user.CreateGroupAsync(own);
        await user.ShareAsync(own, "last", _root);
        await using var resumed = await EventListener.OpenAsync(user, after: _before);
        var missed = new List<(GroupEventKind, Guid)>();
        while (true)
        {
            var what = await resumed.NextAsync();
            if (what.Group == own)
            {
                return missed;
            }

            if (string.Equals(what.Group, "dev", StringComparison.OrdinalIgnoreCase))
            {
                missed.Add((what.Kind, what.GroupId));
            }
        }
    }

    private async Task<TestUser> AddFormerMemberAsync(string name)
    {
        var user = await TestUser.CreateAsync(_tracker, name);
        await user.JoinAsync(_alice, "dev");
        await user.Expect(HttpStatusCode.NoContent, await user.DeleteAsync(TrackerRoutes.Member("dev", name)));
        _before = (await ScalarAsync("SELECT MAX(id) FROM events")).ToString(CultureInfo.InvariantCulture);
        return user;
    }

    private async Task PurgeAsync(TimeSpan after, string count)
    {
        _clock.Advance(after);
        await Eventually.HoldsAsync(
            async () =>
            {
                _clock.Advance(TimeSpan.FromSeconds(10));
                return await ScalarAsync(count) == 0;
            },
            $"the purge has done its work: {count}");
    }

    // Members of the deleted group for whom neither the one nor the other is there.
    private const string Unread =
        """
        SELECT u.name FROM users u WHERE u.name LIKE 'many-%' AND NOT EXISTS (SELECT 1 FROM former_members f JOIN events e ON e.members_until = f.number WHERE f.user_guid = u.guid)
            AND NOT EXISTS (SELECT 1 FROM all_groups g JOIN members m ON m.group_id = g.id WHERE g.removed IS NOT NULL AND m.user_id = u.id)
        """;

    private async Task AddMuchAsync(DbConnection connection)
    {
        var now = _clock.GetUtcNow().ToUnixTimeSeconds();
        var bob = await connection.QuerySingleAsync<long>("SELECT id FROM users WHERE name = 'Bob'");
        var peer = await connection.QuerySingleAsync<long>("SELECT id FROM peers");
        await AddAsync(Members, "users (guid, name_key, name, password_hash, password_prepared, created)", "'00000000-0000-4000-8000-' || CAST(100000000000 + n AS TEXT), 'many-' || n, 'many-' || n, '', 1, 1");
        await connection.ExecuteAsync("INSERT INTO members (group_id, user_id, joined) SELECT @_group, id, 1 FROM users WHERE name LIKE 'many-%'", new { _group });
        await AddAsync(1500, "users (guid, name_key, name, password_hash, password_prepared, created)", "'00000000-0000-4000-9000-' || CAST(100000000000 + n AS TEXT), 'asks-' || n, 'asks-' || n, '', 1, 1");
        await connection.ExecuteAsync("INSERT INTO join_requests (group_id, user_id, requested) SELECT @_group, id, 1 FROM users WHERE name LIKE 'asks-%'", new { _group });
        await connection.ExecuteAsync(
            "INSERT INTO ended_memberships (group_id, user_id, user_name, ended) SELECT @_group, id, name, @now FROM users WHERE name LIKE 'asks-1%'", new { _group, now });
        await AddAsync(1200, "files (group_id, name, name_key, size, piece_length, pieces_root, shared)", $"@group, 'many-' || n, 'many-' || n, 100000, 65536, {Root(1)}, 1");
        await connection.ExecuteAsync(
            "INSERT INTO file_sharers (file_id, user_id, shared) SELECT f.id, u.id, 1 FROM files f CROSS JOIN users u WHERE f.name LIKE 'many-%' AND u.name IN ('Alice', 'Bob')");
        await AddAsync(2600, "holdings (peer_id, group_id, pieces_root, complete, place)", $"@peer, @group, {Root(2)}, 1, n");
        await AddAsync(1300, "lost_holdings (peer_id, group_id, pieces_root)", $"@peer, @group, {Root(3)}");
        await AddAsync(200, "retired_contents (group_id, pieces_root, expires)", $"@group, {Root(4)}, @now + 100000");
        await AddAsync(1100, "withdrawn_contents (group_id, pieces_root, withdrawn)", $"@group, {Root(5)}, @now");
        var first = await connection.TakeNumbersAsync(1101);
        await AddAsync(
            1100,
            "events (id, kind, group_id, group_guid, group_name, user_name, file_name, owner_only, created)",
            $"{first} + n, 'FileShared', @group, '{_groupId}', 'Dev', 'Bob', 'many-' || n, 0, @now");

        Task AddAsync(int count, string into, string values) => connection.ExecuteAsync(
            $"INSERT INTO {into} WITH RECURSIVE k (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < {count}) SELECT {values} FROM k", new { group = _group, peer, bob, now });

        static string Root(int kind) => $"'000{kind}' || CAST(100000000000 + n AS TEXT) || '000000000000000000000000000000000000000000000000'";
    }
}
