using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Integration.TrackerHost;

/// <summary>What sources are told when somebody's access to a group ends.</summary>
public sealed class AnnouncedRevocationTests : IAsyncLifetime
{
    private static readonly TimeSpan TicketLifetime = TimeSpan.FromMinutes(5);

    private readonly TrackerClock _clock = new();
    private readonly Hash256 _root = TestUser.RandomHash();
    private TestTracker _tracker = null!;
    private TestUser _alice = null!;
    private TestUser _bob = null!;
    private TestUser _carol = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync(options => options.TicketLifetime = TicketLifetime, _clock);
        _alice = await TestUser.CreateAsync(_tracker, "Alice");
        _bob = await TestUser.CreateAsync(_tracker, "Bob");
        _carol = await TestUser.CreateAsync(_tracker, "Carol");
        await _alice.CreateGroupAsync("Dev");
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
        Assert.Equal(("Dev", "Bob"), (ended.Group, ended.UserName));
        // Also those that were issued while the end was under way.
        Assert.InRange(ended.TicketsUntil - _clock.GetUtcNow(), TimeSpan.FromSeconds(29), TimeSpan.FromSeconds(30));
        Assert.Equal([ended], (await _carol.AnnounceAsync(Complete)).Revocations);
        // Also in the answer to one that the tracker does not keep.
        var stranger = await _alice.AnnounceAsync(new AnnounceRequest(TestUser.RandomHash(), 1, [], Full: false, [], [], RevocationsAfter: 0));
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

        Assert.Equal("Bob", Assert.Single((await _alice.AnnounceAsync(Complete)).Revocations).UserName);
    }

    [TrackerFact]
    public async Task Others_receive_no_revocation_and_a_former_member_none_that_came_later()
    {
        using var stranger = await TestUser.CreateAsync(_tracker, "stranger");
        await RemoveAsync(_alice, "bob");
        _clock.Advance(TimeSpan.FromSeconds(5));
        await RemoveAsync(_alice, "carol");

        Assert.Empty((await stranger.AnnounceAsync()).Revocations);
        Assert.Equal(["Bob"], (await _bob.AnnounceAsync()).Revocations.Select(ended => ended.UserName));
        Assert.Equal(["Bob", "Carol"], (await _alice.AnnounceAsync()).Revocations.Select(ended => ended.UserName).Order());
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

        Assert.True(between <= Assert.Single((await _alice.AnnounceAsync(Complete)).Revocations).TicketsUntil);
    }

    [TrackerFact]
    public async Task Of_a_deleted_group_every_member_is_named_to_every_other_also_just_after_a_removal()
    {
        await RemoveAsync(_alice, "bob");
        await _bob.JoinAsync(_alice, "dev");

        await _alice.Expect(System.Net.HttpStatusCode.NoContent, await _alice.DeleteAsync(TrackerRoutes.Group("dev")));

        foreach (var user in new[] { _alice, _bob, _carol })
        {
            Assert.Equal(["Alice", "Bob", "Carol"], (await user.AnnounceAsync()).Revocations.Select(ended => ended.UserName).Order());
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
        Assert.Equal("Bob", ended.UserName);
        Assert.True(before <= ended.TicketsUntil, "the old ticket does not count");
        Assert.True(await IssuedAsync(again) > ended.TicketsUntil, "the new ticket counts");
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

    private Announcement Complete => new("dev", _root, Complete: true);

    private static async Task RemoveAsync(TestUser who, string member)
    {
        using var answer = await who.DeleteAsync(TrackerRoutes.Member("dev", member));
        await who.Expect(System.Net.HttpStatusCode.NoContent, answer);
    }

    private async Task<DateTimeOffset> IssuedAsync(TestUser user) =>
        new(new JsonWebToken((await user.FindSourcesAsync("dev", _root)).Ticket).IssuedAt, TimeSpan.Zero);
}
