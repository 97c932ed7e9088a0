using System.Net;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Groups;
using P2PShare.TrackerHost.Peers;

namespace P2PShare.Integration.TrackerHost;

public sealed class UserRemovalTests
{
    [TrackerFact]
    public async Task All_that_a_user_was_and_had_goes_and_the_name_is_free()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        using var elsewhere = await TestUser.LogInAsync(tracker, "bob");
        await alice.CreateGroupAsync("dev");
        await alice.CreateGroupAsync("ops");
        await bob.JoinAsync(alice, "dev");
        await bob.Expect(HttpStatusCode.Created, await bob.PostAsync(TrackerRoutes.JoinRequests("ops")));
        var (own, both) = (TestUser.RandomHash(), TestUser.RandomHash());
        await bob.ShareAsync("dev", "own", own);
        await bob.ShareAsync("dev", "both", both);
        await alice.ShareAsync("dev", "both", both);
        await bob.AnnounceAsync(("dev", both, true));

        await bob.Expect(HttpStatusCode.NoContent, await bob.DeleteAsync(TrackerRoutes.CurrentUser));

        foreach (var session in new[] { bob, elsewhere })
        {
            await session.ExpectProblem(HttpStatusCode.Unauthorized, ErrorCode.NotLoggedIn, await session.GetPageAsync(TrackerRoutes.Groups));
        }

        await bob.ExpectProblem(
            HttpStatusCode.Unauthorized, ErrorCode.WrongCredentials, await bob.PostAsync(TrackerRoutes.Sessions, new LoginRequest("bob", TestPassword.Text)));
        var file = Assert.Single(await alice.ListFilesAsync("dev"));
        Assert.Equal(("both", "alice", 0), (file.Name, file.Owner, file.Sources));
        Assert.Empty(await alice.Expect<IReadOnlyList<JoinRequestResponse>>(HttpStatusCode.OK, await alice.GetPageAsync(TrackerRoutes.JoinRequests("ops"))));
        Assert.Equal(1, (await alice.Expect<GroupResponse>(HttpStatusCode.OK, await alice.GetAsync(TrackerRoutes.Group("dev")))).MemberCount);
        using var another = await TestUser.CreateAsync(tracker, "Bob");
        await another.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, await another.GetPageAsync(TrackerRoutes.Files("dev")));
    }

    [TrackerFact]
    public async Task A_user_who_has_the_row_number_of_a_deleted_one_stays()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        await bob.Expect(HttpStatusCode.NoContent, await bob.DeleteAsync(TrackerRoutes.CurrentUser));
        using var carol = await TestUser.CreateAsync(tracker, "carol");
        var number = await tracker.Database.ReadAsync(connection => connection.ExecuteScalarAsync<long>("SELECT id FROM users WHERE name = 'carol'"), CancellationToken.None);

        // As the rest of bob's deletion may come after carol's account was made.
        Assert.False(await tracker.Services.GetRequiredService<UserService>().SweepAsync(number, CancellationToken.None));

        await carol.LogInAsync();
    }

    [TrackerFact]
    public async Task What_a_deleted_user_had_is_removed_in_parts_after_the_name_is_free_and_the_peers_are_offline()
    {
        const int Peers = 3;
        const int Holdings = 2500;
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        await alice.CreateGroupAsync("dev");
        await bob.JoinAsync(alice, "dev");
        var root = TestUser.RandomHash();
        await alice.ShareAsync("dev", "file", root);
        for (var i = 0; i < Peers; i++)
        {
            await bob.AnnounceAsync(
                new AnnounceRequest(TestUser.NewFingerprint(), 1, [], Full: true, [await bob.HoldingAsync("dev", root, complete: true)], [], RevocationsAfter: 0));
        }

        var user = await tracker.Database.WriteAsync(
            async connection =>
            {
                var (user, peer) = await connection.QueryFirstAsync<(long, long)>("SELECT p.user_id, p.id FROM peers p JOIN users u ON u.id = p.user_id WHERE u.name = 'bob'");
                var group = await connection.QuerySingleAsync<long>("SELECT id FROM groups");
                await HoldingStore.SaveAsync(
                    connection, Enumerable.Range(0, Holdings).Select(_ => KeyValuePair.Create(new HoldingStore.Key(peer, group, TestUser.RandomHash().ToString()), 1L)));
                return user;
            },
            CancellationToken.None);

        // As the first write of a deletion that is interrupted then.
        await tracker.Database.WriteAsync(
            async connection =>
            {
                Assert.True(await UserStore.EndAsync(connection, user));
                await SessionEnd.EndAllAsync(connection, user);
            },
            CancellationToken.None);
        using var again = await TestUser.CreateAsync(tracker, "bob");
        Assert.Equal(0, Assert.Single(await alice.ListFilesAsync("dev")).Sources);
        var counts = new List<long> { await tracker.CountAsync("holdings") };
        while (await tracker.Services.GetRequiredService<UserService>().SweepAsync(user, CancellationToken.None))
        {
            counts.Add(await tracker.CountAsync("holdings"));
        }

        counts.Add(await tracker.CountAsync("holdings"));

        Assert.Equal(Peers + Holdings, counts[0]);
        Assert.Equal(0, counts[^1]);
        Assert.All(counts.Zip(counts.Skip(1), (before, after) => before - after), part => Assert.InRange(part, 0, 1000));
        Assert.Equal((0, 2, 0), (await tracker.CountAsync("peers"), await tracker.CountAsync("users"), await tracker.CountAsync("removed_users")));
        await again.Expect(HttpStatusCode.OK, await again.GetAsync(TrackerRoutes.CurrentSession));
    }

    [TrackerFact]
    public async Task The_operators_deluser_and_passwd_end_sessions_and_tickets_at_sources()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        using var carol = await TestUser.CreateAsync(tracker, "carol");
        await alice.CreateGroupAsync("dev");
        await bob.JoinAsync(alice, "dev");
        await carol.JoinAsync(alice, "dev");
        // The commands have a service of their own over the same database.
        var users = new UserService(tracker.Database, TimeProvider.System);

        await users.RemoveAsync((await users.FindAsync("bob", CancellationToken.None))!, CancellationToken.None);
        await users.ResetPasswordAsync((await users.FindAsync("carol", CancellationToken.None))!, "another hash", CancellationToken.None);

        foreach (var user in new[] { bob, carol })
        {
            await user.ExpectProblem(HttpStatusCode.Unauthorized, ErrorCode.NotLoggedIn, await user.GetPageAsync(TrackerRoutes.Groups));
        }

        Assert.Equal(
            [bob.Session.UserId, carol.Session.UserId], (await alice.AnnounceAsync()).Revocations.Select(ended => ended.UserId!.Value));
        Assert.Null(await users.FindAsync("bob", CancellationToken.None));
    }

    [TrackerFact]
    public async Task An_owner_of_groups_is_not_deleted_and_learns_which()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        await bob.CreateGroupAsync("third");
        await alice.JoinAsync(bob, "third");
        await alice.CreateGroupAsync("one");
        await alice.CreateGroupAsync("two");

        var problem = await alice.ExpectProblem(HttpStatusCode.Conflict, ErrorCode.UserOwnsGroups, await alice.DeleteAsync(TrackerRoutes.CurrentUser));

        Assert.Contains("'one', 'two'", problem.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("third", problem.Detail, StringComparison.Ordinal);
        await alice.Expect(HttpStatusCode.OK, await alice.GetPageAsync(TrackerRoutes.Files("third")));

        await alice.Expect(HttpStatusCode.NoContent, await alice.DeleteAsync(TrackerRoutes.Group("one")));
        await alice.Expect(HttpStatusCode.NoContent, await alice.DeleteAsync(TrackerRoutes.Group("two")));
        await alice.Expect(HttpStatusCode.NoContent, await alice.DeleteAsync(TrackerRoutes.CurrentUser));
    }

    [TrackerFact]
    public async Task Of_many_groups_ten_are_named()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        foreach (var number in Enumerable.Range(10, 12))
        {
            await alice.CreateGroupAsync($"group{number}");
        }

        var problem = await alice.ExpectProblem(HttpStatusCode.Conflict, ErrorCode.UserOwnsGroups, await alice.DeleteAsync(TrackerRoutes.CurrentUser));

        Assert.Contains("'group19' and 2 more", problem.Detail, StringComparison.Ordinal);
    }

    [TrackerFact]
    public async Task Requests_under_way_when_the_user_is_deleted_are_refused_as_without_a_session()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        await alice.CreateGroupAsync("dev");
        var sessions = tracker.Services.GetRequiredService<SessionService>();
        var found = (await sessions.FindAsync(bob.Session.Token!, CancellationToken.None))!;
        await bob.Expect(HttpStatusCode.NoContent, await bob.DeleteAsync(TrackerRoutes.CurrentUser));

        var groups = tracker.Services.GetRequiredService<GroupService>();
        var requests = tracker.Services.GetRequiredService<JoinRequestService>();
        foreach (var write in new Func<Task>[]
        {
            () => groups.CreateAsync(found, new CreateGroupRequest("mine"), CancellationToken.None),
            () => requests.AskAsync(found, "dev", CancellationToken.None),
        })
        {
            Assert.Equal(ErrorCode.NotLoggedIn, (await Assert.ThrowsAsync<P2PShareException>(write)).Code);
        }
    }
}
