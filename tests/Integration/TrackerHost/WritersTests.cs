using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Dapper;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Events;
using P2PShare.TrackerHost.Storage;
using P2PShare.TrackerHost.Tickets;
using Xunit.Abstractions;

namespace P2PShare.Integration.TrackerHost;

/// <summary>
/// Many writers through two instances on one PostgreSQL database: no rule breaks, no reader misses a number, and groups do not wait for each other.
/// <c>P2PSHARE_OPERATIONS</c> sets how many operations there are.
/// </summary>
public sealed class WritersTests : IAsyncLifetime
{
    private const int Writers = 24;

    private static readonly int Operations = int.TryParse(
        Environment.GetEnvironmentVariable("P2PSHARE_OPERATIONS"), NumberStyles.None, CultureInfo.InvariantCulture, out var operations) ? operations : 4800;

    private static readonly string[] Names = ["alice", "bob", "carol", "dave"];
    private static readonly string[] Groups = ["one", "two", "three"];
    private static readonly string[] Files = ["a", "b", "c", "d", "e"];

    // Two contents a name, so that a name is refused, shared a second time, or replaced.
    private static readonly Hash256[] Roots = [TestUser.RandomHash(), TestUser.RandomHash()];

    private readonly ITestOutputHelper _output;
    private readonly SeededRandom _random = new();
    private TestTracker _first = null!;
    private TestTracker _second = null!;

    public WritersTests(ITestOutputHelper output)
    {
        _output = output;
        TestDatabase.Kind = DatabaseKind.Postgres;
    }

    public async Task InitializeAsync()
    {
        static void Configure(TestTrackerOptions options) =>
            (options.GroupsPerUser, options.MembersPerGroup, options.FilesPerUser, options.FilesPerGroup, options.JoinRequestsPerUser) = (2, 3, 6, 4, 2);
        _first = await TestTracker.StartAsync(Configure);
        _second = await TestTracker.StartBesideAsync(_first, Configure);
    }

    public async Task DisposeAsync()
    {
        await _second.DisposeAsync();
        await _first.DisposeAsync();
    }

    [PostgresFact]
    public Task Random_operations_of_many_writers_on_few_groups_break_no_rule() => _random.RunAsync(async () =>
    {
        var users = new List<TestUser>();
        foreach (var name in Names)
        {
            users.Add(await TestUser.CreateAsync(_first, name));
            users.Add(await TestUser.LogInAsync(_second, name));
        }

        var statuses = new ConcurrentDictionary<HttpStatusCode, int>();
        var left = Operations;
        var seeds = Enumerable.Range(0, Writers).Select(_ => new Random(_random.Random.Next())).ToList();
        var comers = ComeAndGoAsync(new Random(_random.Random.Next()), () => Volatile.Read(ref left) > 0, statuses);
        await Task.WhenAll(seeds.Select(async random =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                using var answer = await OperateAsync(users[random.Next(users.Count)], random);
                statuses.AddOrUpdate(answer.StatusCode, 1, (_, count) => count + 1);
            }
        }));
        var times = await comers;
        users.ForEach(user => user.Dispose());
        _output.WriteLine($"{Operations} operations of {Writers} writers, an account made and deleted {times} times: {string.Join(", ", statuses.OrderBy(one => one.Key).Select(one => $"{(int)one.Key} {one.Value}"))}");

        Assert.DoesNotContain(statuses.Keys, status => status >= HttpStatusCode.InternalServerError);
        Assert.True(statuses.Where(one => (int)one.Key < 300).Sum(one => one.Value) > Operations / 10, "many operations succeed");
        await _first.Database.ReadAsync(
            async connection =>
            {
                foreach (var (rule, broken) in Rules)
                {
                    var found = (await connection.QueryAsync($"SELECT {broken}")).AsList();
                    Assert.True(found.Count == 0, $"{rule}: {string.Join("; ", found)}");
                }

                return true;
            },
            CancellationToken.None);
    });

    [PostgresFact]
    public async Task A_reader_misses_no_event_and_no_revocation_of_a_transaction_that_ends_late()
    {
        using var alice = await TestUser.CreateAsync(_first, "alice");
        using var bob = await TestUser.CreateAsync(_second, "bob");
        await alice.CreateGroupAsync("one");
        await alice.CreateGroupAsync("two");
        await bob.JoinAsync(alice, "one");
        await bob.JoinAsync(alice, "two");
        await using var listener = await EventListener.OpenAsync(bob);
        var one = await _first.Database.ReadAsync(connection => connection.QuerySingleAsync<long>("SELECT id FROM groups WHERE name = 'one'"), CancellationToken.None);
        var known = (await bob.AnnounceAsync()).RevocationsAfter;

        // It has its numbers, and does not commit.
        await using var late = await HeldWrite.BeginAsync(
            _first.Database,
            [WriteLock.Group("one")],
            async connection =>
            {
                await EventStore.AddForMembersAsync(connection, GroupEventKind.FileShared, one, "alice", DateTimeOffset.UtcNow, "late");
                await RevocationStore.AddAsync(connection, alice.Session.UserId, Guid.NewGuid(), DateTimeOffset.UtcNow);
            });
        await bob.Expect(HttpStatusCode.Created, await bob.ShareAsync("two", "early", TestUser.RandomHash()));
        await _second.Database.WriteAsync(
            connection => RevocationStore.AddAsync(connection, alice.Session.UserId, Guid.NewGuid(), DateTimeOffset.UtcNow), CancellationToken.None);

        Assert.True((await _second.Database.ReadAsync(EventStore.FindLastAsync, CancellationToken.None)).IsBehind);
        var before = await bob.AnnounceAsync(Delta(bob, known));
        Assert.Empty(before.Revocations);
        await late.ReleaseAsync();

        Assert.Equal("late", (await listener.NextAsync()).FileName);
        Assert.Equal("early", (await listener.NextAsync()).FileName);
        var after = await bob.AnnounceAsync(Delta(bob, before.RevocationsAfter));
        Assert.Equal(2, after.Revocations.Count);
        // No further: the ids of transactions that were not flushed are given again after a crash.
        Assert.Equal(after.Revocations[^1].Number, after.RevocationsAfter);
        Assert.Empty((await bob.AnnounceAsync(Delta(bob, after.RevocationsAfter))).Revocations);
    }

    [PostgresFact]
    public async Task Two_instances_that_replace_one_name_at_once_keep_each_content_once_as_many_as_are_set_and_count_them()
    {
        const int Rounds = 20;
        using var alice = await TestUser.CreateAsync(_first, "alice");
        using var same = await TestUser.LogInAsync(_second, "alice");
        await alice.CreateGroupAsync("one");
        await alice.Expect(HttpStatusCode.Created, await alice.ShareAsync("one", "file", TestUser.RandomHash()));
        var roots = new List<Hash256>();
        for (var round = 0; round < Rounds; round++)
        {
            Hash256[] both = [TestUser.RandomHash(), TestUser.RandomHash()];
            var (one, two) = (alice.ShareAsync("one", "file", both[0], replace: true), same.ShareAsync("one", "file", both[1], replace: true));
            await alice.Expect(HttpStatusCode.OK, await one);
            await same.Expect(HttpStatusCode.OK, await two);
            roots.AddRange(both);

            var versions = await alice.Expect<IReadOnlyList<FileResponse>>(HttpStatusCode.OK, await alice.GetAsync(TrackerRoutes.Versions("one", "file")));
            var newest = 2L * round + 3;
            Assert.Equal(Enumerable.Range(0, Math.Min(roots.Count + 1, 4)).Select(back => newest - back), versions.Select(file => file.Version!.Value));
            Assert.Equal(both.ToHashSet(), versions.Take(2).Select(file => file.PiecesRoot!.Value).ToHashSet());
        }

        // The group has a file and three versions, as many as it may: no share has room, whichever instance counts.
        Assert.Equal(3, await _first.CountAsync("file_versions"));
        await same.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await same.ShareAsync("one", "more", TestUser.RandomHash()));
        await alice.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await alice.ShareAsync("one", "more", TestUser.RandomHash()));
        // None is counted that is gone: of six of a user, two are free in another group.
        await alice.CreateGroupAsync("two");
        await same.Expect(HttpStatusCode.Created, await same.ShareAsync("two", "a", TestUser.RandomHash()));
        await alice.Expect(HttpStatusCode.Created, await alice.ShareAsync("two", "b", TestUser.RandomHash()));
        await same.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await same.ShareAsync("two", "c", TestUser.RandomHash()));
    }

    [PostgresFact]
    public async Task Writes_to_different_groups_through_two_instances_wait_for_no_lock_and_those_to_one_group_do()
    {
        const int Rounds = 150;
        using var alice = await TestUser.CreateAsync(_first, "alice");
        using var bob = await TestUser.CreateAsync(_second, "bob");
        await alice.CreateGroupAsync("one");
        await bob.CreateGroupAsync("two");
        await bob.JoinAsync(alice, "one");
        var samples = 0;
        var waits = new ConcurrentBag<string>();
        using var end = new CancellationTokenSource();
        var sampling = SampleAsync(end.Token);

        await Task.WhenAll(ShareAndStopAsync(alice, "one"), ShareAndStopAsync(bob, "two"));
        var different = waits.ToArray();
        await _second.Database.WriteAsync(
            [WriteLock.Group("one")],
            async _ =>
            {
                var waiting = alice.ShareAsync("one", "waits", TestUser.RandomHash());
                await Eventually.HoldsAsync(() => waits.Contains("advisory"), "the write to the same group waits for the lock");
                Assert.False(waiting.IsCompleted);
            },
            CancellationToken.None);
        await end.CancelAsync();
        await sampling;

        _output.WriteLine($"{2 * Rounds * 2} writes to two groups through two instances: {different.Length} lock waits in {samples} samples of pg_stat_activity");
        Assert.Empty(different);

        async Task ShareAndStopAsync(TestUser user, string group)
        {
            for (var i = 0; i < Rounds; i++)
            {
                await user.Expect(HttpStatusCode.Created, await user.ShareAsync(group, "file", Roots[0]));
                await user.Expect(HttpStatusCode.NoContent, await user.DeleteAsync(TrackerRoutes.File(group, "file")));
            }
        }

        async Task SampleAsync(CancellationToken cancellationToken)
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                var found = await _first.Database.ReadAsync(
                    connection => connection.QueryAsync<string>(
                        // Instances tell each other of their writes afterwards, one at a time.
                        "SELECT wait_event FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query NOT LIKE '%pg_notify%'"),
                    CancellationToken.None);
                samples++;
                foreach (var wait in found)
                {
                    waits.Add(wait);
                }
            }
        }
    }

    private static AnnounceRequest Delta(TestUser user, long after) => new(user.Fingerprint, 5000, [], Full: false, [], [], RevocationsAfter: after);

    private static async Task<HttpResponseMessage> OperateAsync(TestUser user, Random random)
    {
        var group = Groups[random.Next(Groups.Length)];
        var other = Names[random.Next(Names.Length)];
        var file = Files[random.Next(Files.Length)];
        return random.Next(20) switch
        {
            0 or 1 or 2 => await user.PostAsync(TrackerRoutes.Groups, new CreateGroupRequest(group)),
            3 => await user.DeleteAsync(TrackerRoutes.Group(group)),
            4 or 5 or 6 => await user.PostAsync(TrackerRoutes.JoinRequests(group)),
            7 or 8 or 9 => await user.PostAsync(TrackerRoutes.Approval(group, random.Next(4) == 0 ? "eve" : other)),
            10 => await user.DeleteAsync(TrackerRoutes.JoinRequest(group, other)),
            11 => await user.DeleteAsync(TrackerRoutes.Member(group, other)),
            12 => await user.PutAsync(TrackerRoutes.GroupOwner(group), new SetGroupOwnerRequest(other)),
            13 or 14 or 15 or 16 => await user.ShareAsync(group, file, Roots[random.Next(Roots.Length)], replace: random.Next(4) == 0),
            _ => await user.DeleteAsync(TrackerRoutes.File(group, file)),
        };
    }

    /// <summary>A user whose account is made, used and deleted, again and again.</summary>
    /// <returns>How often.</returns>
    private async Task<int> ComeAndGoAsync(Random random, Func<bool> continues, ConcurrentDictionary<HttpStatusCode, int> statuses)
    {
        var times = 0;
        do
        {
            using var eve = await TestUser.CreateAsync(random.Next(2) == 0 ? _first : _second, "eve");
            for (var i = 0; i < 20; i++)
            {
                using var answer = await OperateAsync(eve, random);
                statuses.AddOrUpdate(answer.StatusCode, 1, (_, count) => count + 1);
            }

            HttpResponseMessage gone;
            do
            {
                // Others may hand one over to her meanwhile.
                foreach (var group in Groups)
                {
                    (await eve.DeleteAsync(TrackerRoutes.Group(group))).Dispose();
                }

                gone = await eve.DeleteAsync(TrackerRoutes.CurrentUser);
            }
            while (gone.StatusCode == HttpStatusCode.Conflict);

            await eve.Expect(HttpStatusCode.NoContent, gone);
            times++;
        }
        while (continues());

        return times;
    }

    private const string Told =
        "(SELECT COUNT(*) FROM events e WHERE e.group_id = g.id AND e.recipient_id IS NULL AND e.kind ";

    private static readonly (string Rule, string Broken)[] Rules =
    [
        ("an owner is a member", "g.name FROM groups g WHERE NOT EXISTS (SELECT 1 FROM members m WHERE m.group_id = g.id AND m.user_id = g.owner_id)"),
        ("a member does not ask to join", "r.* FROM join_requests r JOIN members m ON m.group_id = r.group_id AND m.user_id = r.user_id"),
        ("a file has a sharer", "f.* FROM files f WHERE NOT EXISTS (SELECT 1 FROM file_sharers s WHERE s.file_id = f.id)"),
        ("a sharer is a member", "s.* FROM file_sharers s JOIN files f ON f.id = s.file_id WHERE NOT EXISTS (SELECT 1 FROM members m WHERE m.group_id = f.group_id AND m.user_id = s.user_id)"),
        ("a deleted user has nothing", "r.* FROM removed_users r WHERE EXISTS (SELECT 1 FROM members m WHERE m.user_id = r.user_id)"),
        ("a user owns at most two groups", "owner_id, COUNT(*) FROM groups GROUP BY owner_id HAVING COUNT(*) > 2"),
        ("a group has at most three members", "group_id, COUNT(*) FROM members GROUP BY group_id HAVING COUNT(*) > 3"),
        ("a group has at most four files", "group_id, COUNT(*) FROM files GROUP BY group_id HAVING COUNT(*) > 4"),
        ("a user shares at most six files", "user_id, COUNT(*) FROM file_sharers GROUP BY user_id HAVING COUNT(*) > 6"),
        ("a user asks to join at most two groups", "user_id, COUNT(*) FROM join_requests GROUP BY user_id HAVING COUNT(*) > 2"),
        ("each change of the members was told of",
            $"g.name FROM groups g WHERE 1 + {Told} = 'JoinApproved') - {Told} IN ('MemberLeft', 'MemberRemoved')) <> (SELECT COUNT(*) FROM members m WHERE m.group_id = g.id)"),
        ("no number is used twice", "e.id FROM events e JOIN revocations r ON r.number = e.id"),
        ("each end of a membership is revoked",
            $"g.name FROM groups g WHERE {Told} IN ('MemberLeft', 'MemberRemoved')) <> (SELECT COUNT(*) FROM revocations r WHERE r.group_guid = g.guid AND r.user_guid IS NOT NULL)"),
    ];
}
