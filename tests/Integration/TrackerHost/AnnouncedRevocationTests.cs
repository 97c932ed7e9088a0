using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;
using P2PShare.TrackerHost.Tickets;

namespace P2PShare.Integration.TrackerHost;

/// <summary>What sources are told when somebody's access to a group ends.</summary>
public sealed class AnnouncedRevocationTests : IAsyncLifetime
{
    private static readonly TimeSpan TicketLifetime = TimeSpan.FromMinutes(5);

    private readonly TrackerClock _clock = new();
    private readonly Hash256 _root = TestUser.RandomHash();
    private TestTracker _tracker = null!;
    private Guid _group;
    private TestUser _alice = null!;
    private TestUser _bob = null!;
    private TestUser _carol = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync(options => options.TicketLifetime = TicketLifetime, _clock);
        _alice = await TestUser.CreateAsync(_tracker, "Alice");
        _bob = await TestUser.CreateAsync(_tracker, "Bob");
        _carol = await TestUser.CreateAsync(_tracker, "Carol");
        _group = (await _alice.CreateGroupAsync("Dev")).GroupId;
        await _bob.JoinAsync(_alice, "dev");
        await _carol.JoinAsync(_alice, "dev");
        await _alice.ShareAsync("dev", "file", _root);
    }

    public async Task DisposeAsync()
    {
        _alice.Dispose();
        _bob.Dispose();
        _carol.Dispose();
        await _tracker.DisposeAsync();
    }

    [TrackerFact]
    public async Task A_removed_member_is_named_to_the_members_for_as_long_as_a_ticket_lasts()
    {
        Assert.Empty((await _alice.AnnounceAsync(Complete)).Revocations);
        await RemoveAsync(_alice, "bob");

        var ended = Assert.Single((await _alice.AnnounceAsync(Complete)).Revocations);
        Assert.Equal((_group, _bob.Session.UserId, null), (ended.GroupId, ended.UserId, ended.SessionId));
        // Also those that were issued while the end was under way.
        Assert.InRange(ended.TicketsUntil - _clock.GetUtcNow(), TimeSpan.FromSeconds(29), TimeSpan.FromSeconds(30));
        Assert.Equal([ended], (await _carol.AnnounceAsync(Complete)).Revocations);
        // Also in the answer to one that the tracker does not keep.
        var stranger = await _alice.AnnounceAsync(new AnnounceRequest(TestUser.NewFingerprint(), 1, [], Full: false, [], [], RevocationsAfter: 0));
        Assert.False(stranger.Known);
        Assert.Equal([ended], stranger.Revocations);

        _clock.Advance(TicketLifetime + TimeSpan.FromSeconds(59));
        Assert.Single((await _alice.AnnounceAsync(Complete)).Revocations);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Empty((await _alice.AnnounceAsync(Complete)).Revocations);
    }

    [TrackerFact]
    public async Task A_member_who_leaves_is_named_too()
    {
        await RemoveAsync(_bob, "bob");

        Assert.Equal(_bob.Session.UserId, Assert.Single((await _alice.AnnounceAsync(Complete)).Revocations).UserId);
    }

    [TrackerFact]
    public async Task Others_receive_no_revocation_and_a_former_member_none_that_came_later()
    {
        using var stranger = await TestUser.CreateAsync(_tracker, "stranger");
        await RemoveAsync(_alice, "bob");
        _clock.Advance(TimeSpan.FromSeconds(5));
        await RemoveAsync(_alice, "carol");

        Assert.Empty((await stranger.AnnounceAsync()).Revocations);
        Assert.Equal([_bob.Session.UserId], (await _bob.AnnounceAsync()).Revocations.Select(ended => ended.UserId!.Value));
        Assert.Equal(
            [_bob.Session.UserId, _carol.Session.UserId], (await _alice.AnnounceAsync()).Revocations.Select(ended => ended.UserId!.Value));
    }

    [TrackerFact]
    public async Task A_ticket_from_before_falls_under_the_end_and_one_after_a_new_approval_does_not_within_the_same_second()
    {
        var before = await IssuedAsync(_bob);
        await RemoveAsync(_alice, "bob");
        await _bob.JoinAsync(_alice, "dev");
        var after = await IssuedAsync(_bob);

        var ended = Assert.Single((await _alice.AnnounceAsync(Complete)).Revocations);
        Assert.True(before <= ended.TicketsUntil, "the old ticket does not count");
        Assert.True(after > ended.TicketsUntil, "the new ticket counts");
        // Tickets of others keep the tracker's time.
        Assert.Equal(_clock.GetUtcNow().ToUnixTimeSeconds(), (await IssuedAsync(_carol)).ToUnixTimeSeconds());
    }

    [TrackerFact]
    public async Task A_second_end_is_later_than_the_tickets_between()
    {
        await RemoveAsync(_alice, "bob");
        await _bob.JoinAsync(_alice, "dev");
        var between = await IssuedAsync(_bob);
        await RemoveAsync(_alice, "bob");

        Assert.True(between <= (await _alice.AnnounceAsync(Complete)).Revocations[^1].TicketsUntil);
    }

    [TrackerFact]
    public async Task A_deleted_group_is_one_revocation_for_every_member_that_ends_also_tickets_of_just_after_a_removal()
    {
        await RemoveAsync(_alice, "bob");
        await _bob.JoinAsync(_alice, "dev");
        var issued = await IssuedAsync(_bob);

        await _alice.Expect(System.Net.HttpStatusCode.NoContent, await _alice.DeleteAsync(TrackerRoutes.Group("dev")));

        foreach (var user in new[] { _alice, _bob, _carol })
        {
            var ended = (await user.AnnounceAsync()).Revocations;
            Assert.Equal([_bob.Session.UserId, null], ended.Select(one => one.UserId));
            Assert.All(ended, one => Assert.Equal(_group, one.GroupId));
            Assert.True(issued <= ended[1].TicketsUntil, "the ticket that came after the removal does not count");
        }
    }

    [TrackerFact]
    public async Task A_removed_user_is_named_and_tickets_of_a_new_user_of_that_name_count()
    {
        var before = await IssuedAsync(_bob);
        await _bob.Expect(System.Net.HttpStatusCode.NoContent, await _bob.DeleteAsync(TrackerRoutes.CurrentUser));
        using var again = await TestUser.CreateAsync(_tracker, "BOB");
        await again.JoinAsync(_alice, "dev");

        var ended = Assert.Single((await _alice.AnnounceAsync(Complete)).Revocations);
        Assert.Equal(_bob.Session.UserId, ended.UserId);
        Assert.NotEqual(again.Session.UserId, ended.UserId);
        Assert.True(before <= ended.TicketsUntil, "the old ticket does not count");
        Assert.Equal(again.Session.UserId.ToString(), new JsonWebToken((await again.FindSourcesAsync("dev", _root)).Ticket).Subject);
    }

    [TrackerFact]
    public async Task A_peer_receives_each_revocation_once_and_all_again_after_a_restored_backup()
    {
        await RemoveAsync(_alice, "bob");
        var first = await _alice.AnnounceAsync(Complete);
        var bobs = Assert.Single(first.Revocations).Number;
        Assert.True(first.RevocationsAfter >= bobs);

        Assert.Empty((await AnnounceAfterAsync(first.RevocationsAfter)).Revocations);
        await RemoveAsync(_alice, "carol");
        var second = await AnnounceAfterAsync(first.RevocationsAfter);
        var carols = Assert.Single(second.Revocations).Number;

        // The tracker's sequence is behind what the peer knows.
        Assert.Equal([bobs, carols], (await AnnounceAfterAsync(long.MaxValue)).Revocations.Select(one => one.Number));
    }

    [TrackerFact]
    public async Task Many_readers_of_many_revocations_receive_a_page_each()
    {
        const int All = 5 * AnnounceResponse.MaxRevocations;
        await _tracker.ExecuteAsync(
            $"""
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {All})
            INSERT INTO revocations (number, group_guid, user_guid, session_guid, tickets_until)
            SELECT i, '{_group:D}', '{Guid.NewGuid():D}', NULL, {_clock.GetUtcNow().ToUnixTimeSeconds()} FROM n;
            UPDATE last_number SET number = number + {All};
            """);
        RevocationStore.Reader[] readers = [.. Enumerable.Range(0, 256).Select(i => new RevocationStore.Reader(i, 1, _alice.Session.UserId.ToString("D"), i % 2))];

        var read = await _tracker.Database.ReadAsync(
            connection => RevocationStore.ReadAsync(connection, readers, new TicketOptions(), _clock.GetUtcNow()), CancellationToken.None);

        Assert.All(readers, reader => Assert.Equal(
            Enumerable.Range((int)reader.After + 1, AnnounceResponse.MaxRevocations), read[reader.Number].Select(one => (int)one.Number)));
        Assert.All(readers, reader => Assert.Equal(reader.After + AnnounceResponse.MaxRevocations, read.NumberAfter(reader.Number)));
    }

    [TrackerFact]
    public async Task Many_revocations_come_in_pages_the_oldest_first()
    {
        const int All = AnnounceResponse.MaxRevocations + 5;
        await _tracker.ExecuteAsync(
            $"""
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {All})
            INSERT INTO revocations (number, group_guid, user_guid, session_guid, tickets_until)
            SELECT i, '{_group:D}', '{Guid.NewGuid():D}', NULL, {_clock.GetUtcNow().ToUnixTimeSeconds()} FROM n;
            UPDATE last_number SET number = number + {All};
            """);

        var first = await _alice.AnnounceAsync(Complete);
        Assert.Equal(Enumerable.Range(1, AnnounceResponse.MaxRevocations), first.Revocations.Select(one => (int)one.Number));
        Assert.Equal(AnnounceResponse.MaxRevocations, first.RevocationsAfter);
        // A heartbeat pages on.
        var rest = await AnnounceAfterAsync(first.RevocationsAfter);
        Assert.Equal(Enumerable.Range(AnnounceResponse.MaxRevocations + 1, 5), rest.Revocations.Select(one => (int)one.Number));
        Assert.True(rest.RevocationsAfter >= All);
    }

    [TrackerFact]
    public async Task A_logout_names_the_session_and_a_change_of_the_password_the_user_to_those_who_share_a_group()
    {
        using var stranger = await TestUser.CreateAsync(_tracker, "stranger");
        using var elsewhere = await TestUser.LogInAsync(_tracker, "Bob");
        await elsewhere.Expect(System.Net.HttpStatusCode.NoContent, await elsewhere.DeleteAsync(TrackerRoutes.CurrentSession));
        await _bob.Expect(
            System.Net.HttpStatusCode.OK,
            await _bob.PutAsync(TrackerRoutes.CurrentPassword, new ChangePasswordRequest(TestPassword.Text, TestPassword.Changed)));

        var ended = (await _carol.AnnounceAsync()).Revocations;

        Assert.Equal(
            [(null, elsewhere.Session.UserId, elsewhere.Session.SessionId), (null, elsewhere.Session.UserId, (Guid?)null)],
            ended.Select(one => (one.GroupId, one.UserId!.Value, one.SessionId)));
        Assert.Empty((await stranger.AnnounceAsync()).Revocations);
    }

    [TrackerFact]
    public async Task Expired_revocations_are_deleted()
    {
        await RemoveAsync(_alice, "bob");
        var database = _tracker.Services.GetRequiredService<TrackerDatabase>();
        Assert.Equal(1, await CountAsync());

        _clock.Advance(TicketLifetime + TimeSpan.FromMinutes(2));
        await Eventually.HoldsAsync(async () => await CountAsync() == 0, "the revocation is deleted");

        Task<long> CountAsync() => database.ReadAsync(
            connection => connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM revocations"), CancellationToken.None);
    }

    private Announcement Complete => new(_group, _root, Complete: true);

    private Task<AnnounceResponse> AnnounceAfterAsync(long number) =>
        _alice.AnnounceAsync(new AnnounceRequest(_alice.Fingerprint, 5000, [], Full: false, [], [], RevocationsAfter: number));

    private static async Task RemoveAsync(TestUser who, string member)
    {
        using var answer = await who.DeleteAsync(TrackerRoutes.Member("dev", member));
        await who.Expect(System.Net.HttpStatusCode.NoContent, answer);
    }

    private async Task<DateTimeOffset> IssuedAsync(TestUser user) =>
        new(new JsonWebToken((await user.FindSourcesAsync("dev", _root)).Ticket).IssuedAt, TimeSpan.Zero);
}
