using System.Net;
using System.Text.Json;
using Dapper;
using Microsoft.IdentityModel.JsonWebTokens;
using P2PShare.Protocol;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;
using P2PShare.TrackerHost.Tickets;

namespace P2PShare.Integration.TrackerHost;

/// <summary>Two instances on one database are one tracker.</summary>
public sealed class InstanceTests : IAsyncLifetime
{
    private readonly TrackerClock _clock = new();
    private readonly Hash256 _root = TestUser.RandomHash();
    private TestTracker _first = null!;
    private TestTracker _second = null!;

    public async Task InitializeAsync()
    {
        static void Configure(TestTrackerOptions options) => (options.LoginFailuresPerAccount, options.TicketKeyLifetime) = (3, TimeSpan.FromDays(1));
        _first = await TestTracker.StartAsync(Configure, _clock);
        _second = await TestTracker.StartBesideAsync(_first, Configure, _clock);
    }

    public async Task DisposeAsync()
    {
        await _second.DisposeAsync();
        await _first.DisposeAsync();
    }

    [TrackerFact]
    public async Task Instances_share_all_state()
    {
        using var alice = await TestUser.CreateAsync(_first, "alice");
        using var there = await TestUser.LogInAsync(_second, "Alice");
        Assert.Equal(alice.Session.TrackerId, there.Session.TrackerId);

        await alice.CreateGroupAsync("dev");
        await alice.ShareAsync("dev", "file", _root);
        Assert.Equal("file", Assert.Single(await there.ListFilesAsync("dev")).Name);

        await alice.AnnounceAsync(("dev", _root, Complete: true));
        var found = await there.FindSourcesAsync("dev", _root);
        Assert.Equal(alice.Fingerprint, Assert.Single(Assert.Single(found.Contents).Peers).Fingerprint);
        var validator = new TicketValidator(alice.Session.TrackerId, await KeysAsync(alice), _clock);
        Assert.NotNull((await validator.ValidateAsync(found.Ticket, Hash256.Compute(there.Fingerprint.ToArray()))).Ticket);
    }

    [TrackerFact]
    public async Task A_session_of_one_is_one_of_the_other_until_its_logout_at_either()
    {
        using var alice = await TestUser.CreateAsync(_first, "alice");
        using var there = TestUser.Stranger(_second);
        there.UseToken(alice.Session.Token);
        await there.Expect(HttpStatusCode.OK, await there.GetAsync(TrackerRoutes.CurrentSession));

        await there.Expect(HttpStatusCode.NoContent, await there.DeleteAsync(TrackerRoutes.CurrentSession));

        await alice.Expect(HttpStatusCode.Unauthorized, await alice.GetAsync(TrackerRoutes.CurrentSession));
    }

    [TrackerFact]
    public async Task Wrong_passwords_count_together()
    {
        using var alice = await TestUser.CreateAsync(_first, "alice");
        using var there = TestUser.Stranger(_second);
        var wrong = new LoginRequest("alice", "a wrong guess");
        await alice.Expect(HttpStatusCode.Unauthorized, await alice.PostAsync(TrackerRoutes.Sessions, wrong));
        await there.Expect(HttpStatusCode.Unauthorized, await there.PostAsync(TrackerRoutes.Sessions, wrong));
        await alice.Expect(HttpStatusCode.Unauthorized, await alice.PostAsync(TrackerRoutes.Sessions, wrong));

        await there.ExpectProblem(HttpStatusCode.TooManyRequests, ErrorCode.TooManyAttempts, await there.PostAsync(TrackerRoutes.Sessions, wrong));
    }

    [TrackerFact]
    public async Task Events_cross()
    {
        using var alice = await TestUser.CreateAsync(_first, "alice");
        using var there = await TestUser.LogInAsync(_second, "alice");
        await alice.CreateGroupAsync("dev");
        await using var listener = await EventListener.OpenAsync(there);

        await alice.ShareAsync("dev", "file", _root);

        Assert.Equal("file", (await listener.NextAsync()).FileName);
    }

    [TrackerFact]
    public async Task A_name_is_given_once_across_instances()
    {
        using var alice = await TestUser.CreateAsync(_first, "alice");
        using var there = await TestUser.LogInAsync(_second, "alice");
        await alice.CreateGroupAsync("dev");
        for (var i = 0; i < 10; i++)
        {
            var user = new CreateUserRequest($"user{i}", TestPassword.Text);
            await ExpectOneAsync(HttpStatusCode.Conflict, who => who.PostAsync(TrackerRoutes.Users, user));
            var group = new CreateGroupRequest($"group{i}");
            await ExpectOneAsync(HttpStatusCode.Conflict, who => who.PostAsync(TrackerRoutes.Groups, group));
            var file = $"file{i}";
            // Of two contents, one; of one content, both, and once as a new name.
            await ExpectOneAsync(HttpStatusCode.Conflict, who => who.ShareAsync("dev", file, TestUser.RandomHash()));
            await ExpectOneAsync(HttpStatusCode.OK, who => who.ShareAsync("dev", file + "same", _root));
        }

        async Task ExpectOneAsync(HttpStatusCode other, Func<TestUser, Task<HttpResponseMessage>> ask)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => ask(i % 2 == 0 ? alice : there)));
            Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.Created);
            Assert.Equal(5, answers.Count(answer => answer.StatusCode == other));
        }
    }

    [TrackerFact]
    public async Task The_rules_hold_whatever_comes_at_the_same_moment()
    {
        using var alice = await TestUser.CreateAsync(_first, "alice");
        using var bob = await TestUser.CreateAsync(_second, "bob");
        using var carol = await TestUser.CreateAsync(_first, "carol");
        for (var i = 0; i < 10; i++)
        {
            var group = $"group{i}";
            await alice.CreateGroupAsync(group);
            await bob.JoinAsync(alice, group);
            await carol.PostAsync(TrackerRoutes.JoinRequests(group));
            await Task.WhenAll(
                alice.DeleteAsync(TrackerRoutes.Member(group, "bob")),
                bob.ShareAsync(group, "file", _root),
                bob.AnnounceAsync((group, _root, Complete: true)),
                alice.PutAsync(TrackerRoutes.GroupOwner(group), new SetGroupOwnerRequest("bob")),
                bob.DeleteAsync(TrackerRoutes.Member(group, "bob")),
                alice.PostAsync(TrackerRoutes.Approval(group, "carol")),
                carol.DeleteAsync(TrackerRoutes.JoinRequest(group, "carol")),
                bob.PostAsync(TrackerRoutes.JoinRequests(group)));
        }

        Assert.Equal(0, await CountAsync("groups g WHERE NOT EXISTS (SELECT 1 FROM members m WHERE m.group_id = g.id AND m.user_id = g.owner_id)"));
        Assert.Equal(0, await CountAsync(
            """
            file_sharers s JOIN files f ON f.id = s.file_id
            WHERE NOT EXISTS (SELECT 1 FROM members m WHERE m.group_id = f.group_id AND m.user_id = s.user_id)
            """));
        Assert.Equal(0, await CountAsync("files f WHERE NOT EXISTS (SELECT 1 FROM file_sharers s WHERE s.file_id = f.id)"));
        Assert.Equal(0, await CountAsync("join_requests r JOIN members m ON m.group_id = r.group_id AND m.user_id = r.user_id"));
        Assert.Equal(0, await CountAsync(
            """
            holdings h JOIN peers p ON p.id = h.peer_id
            WHERE NOT EXISTS (SELECT 1 FROM members m WHERE m.group_id = h.group_id AND m.user_id = p.user_id)
            """));

        Task<long> CountAsync(string rows) => _second.CountAsync(rows);
    }

    [TrackerFact]
    public async Task The_next_key_is_known_before_it_signs_and_the_last_one_until_its_tickets_are_over()
    {
        using var alice = await TestUser.CreateAsync(_first, "alice");
        using var there = await TestUser.LogInAsync(_second, "alice");
        await alice.CreateGroupAsync("dev");
        await alice.ShareAsync("dev", "file", _root);
        var old = Assert.Single(await KeyIdsAsync(alice));
        Assert.Equal(old, await SignedByAsync(there));

        _clock.Advance(TimeSpan.FromDays(1) - TicketKeys.PublishedBefore);
        await Eventually.HoldsAsync(async () => (await KeyIdsAsync(there)).Count == 2, "the next key is published");
        Assert.Equal(await KeyIdsAsync(alice), await KeyIdsAsync(there));
        Assert.Equal(old, await SignedByAsync(alice));
        Assert.Equal(old, await SignedByAsync(there));
        var next = (await KeyIdsAsync(alice)).Single(key => key != old);

        _clock.Advance(TicketKeys.PublishedBefore);
        await Eventually.HoldsAsync(async () => await SignedByAsync(alice) == next && await SignedByAsync(there) == next, "the next key signs");
        Assert.Equal([old, next], await KeyIdsAsync(there));

        _clock.Advance(TicketKeys.PublishedBefore + TimeSpan.FromMinutes(15));
        await Eventually.HoldsAsync(async () => (await KeyIdsAsync(there)).Count == 1, "the old key is gone");
        Assert.Equal([next], await KeyIdsAsync(alice));

        async Task<string> SignedByAsync(TestUser user) => new JsonWebToken((await user.FindSourcesAsync("dev", _root)).Ticket).Kid;
    }

    [TrackerFact]
    public async Task Four_that_start_at_once_on_an_empty_database_become_one_tracker()
    {
        using var folder = new TemporaryFolder();
        await TestDatabase.MakeEmptyAsync(folder.Path);
        var options = await TestDatabase.StorageAsync(folder.Path);
        var databases = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => TrackerDatabase.OpenAsync(options, _clock, _ => { }, CancellationToken.None))));
        var identities = await Task.WhenAll(databases.Select(database => TrackerIdentity.LoadOrCreateAsync(database, CancellationToken.None)));
        Assert.Single(identities.Distinct());
        await Task.WhenAll(databases.Select(database =>
            TicketKeys.LoadOrCreateAsync(identities[0].Id, database, new TicketOptions(), _clock, CancellationToken.None)));

        Assert.Equal(1, await databases[0].ReadAsync(
            connection => connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM ticket_keys"), CancellationToken.None));
        foreach (var database in databases)
        {
            await database.DisposeAsync();
        }

        await TestDatabase.DropAsync(folder.Path);
    }

    private static async Task<string> KeysAsync(TestUser user)
    {
        using var keys = await user.GetAsync(TrackerRoutes.TicketKeys);
        return await keys.Content.ReadAsStringAsync();
    }

    private static async Task<IReadOnlyList<string>> KeyIdsAsync(TestUser user)
    {
        using var keys = JsonDocument.Parse(await KeysAsync(user));
        return [.. keys.RootElement.GetProperty("keys").EnumerateArray().Select(key => key.GetProperty("kid").GetString()!)];
    }
}
