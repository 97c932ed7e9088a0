using System.Diagnostics;
using System.Net;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Events;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Integration.TrackerHost;

/// <summary>Who is told what, and when.</summary>
public sealed class EventTests : IAsyncLifetime
{
    private readonly TrackerClock _clock = new();
    private TestTracker _tracker = null!;
    private TestUser _alice = null!;
    private TestUser _bob = null!;
    private TestUser _carol = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync(clock: _clock);
        _alice = await TestUser.CreateAsync(_tracker, "Alice");
        _bob = await TestUser.CreateAsync(_tracker, "Bob");
        _carol = await TestUser.CreateAsync(_tracker, "Carol");
        await _alice.CreateGroupAsync("Dev");
    }

    public async Task DisposeAsync()
    {
        _alice.Dispose();
        _bob.Dispose();
        _carol.Dispose();
        await _tracker.DisposeAsync();
    }

    [TrackerFact]
    public async Task The_owner_receives_the_request_and_the_user_the_answer()
    {
        await using var owner = await EventListener.OpenAsync(_alice);
        await using var asker = await EventListener.OpenAsync(_bob);
        await using var stranger = await EventListener.OpenAsync(_carol);

        await _bob.PostAsync(TrackerRoutes.JoinRequests("dev"));
        // Asking again changes nothing, and is no news.
        await _bob.PostAsync(TrackerRoutes.JoinRequests("dev"));
        await _alice.DeleteAsync(TrackerRoutes.JoinRequest("dev", "bob"));
        await _bob.PostAsync(TrackerRoutes.JoinRequests("dev"));
        await _alice.PostAsync(TrackerRoutes.Approval("dev", "bob"));

        Assert.Equal((GroupEventKind.JoinRequest, "Dev", "Bob", null), await owner.NextShortAsync());
        Assert.Equal((GroupEventKind.JoinDenied, "Dev", "Bob", null), await owner.NextShortAsync());
        Assert.Equal((GroupEventKind.JoinRequest, "Dev", "Bob", null), await owner.NextShortAsync());
        Assert.Equal((GroupEventKind.JoinApproved, "Dev", "Bob", null), await owner.NextShortAsync());
        Assert.Equal((GroupEventKind.JoinDenied, "Dev", "Bob", null), await asker.NextShortAsync());
        Assert.Equal((GroupEventKind.JoinApproved, "Dev", "Bob", null), await asker.NextShortAsync());
        // All that a stranger hears is what comes after.
        await _carol.CreateGroupAsync("Own");
        await _carol.ShareAsync("own", "hers", TestUser.RandomHash());
        Assert.Equal((GroupEventKind.FileShared, "Own", "Carol", "hers"), await stranger.NextShortAsync());
    }

    [TrackerFact]
    public async Task Members_hear_of_files_that_come_change_and_go()
    {
        await _bob.JoinAsync(_alice, "dev");
        await using var member = await EventListener.OpenAsync(_bob);
        var root = TestUser.RandomHash();

        await _alice.ShareAsync("dev", "a.bin", root);
        // A further source of the same content is no news.
        await _bob.ShareAsync("dev", "a.bin", root);
        await _bob.DeleteAsync(TrackerRoutes.File("dev", "a.bin"));
        await _alice.ShareAsync("dev", "a.bin", TestUser.RandomHash(), replace: true);
        await _alice.DeleteAsync(TrackerRoutes.File("dev", "a.bin"));

        Assert.Equal((GroupEventKind.FileShared, "Dev", "Alice", "a.bin"), await member.NextShortAsync());
        Assert.Equal((GroupEventKind.FileShared, "Dev", "Alice", "a.bin"), await member.NextShortAsync());
        Assert.Equal((GroupEventKind.FileRemoved, "Dev", "Alice", "a.bin"), await member.NextShortAsync());
    }

    [TrackerFact]
    public async Task Former_members_receive_no_more_and_their_files_are_removed()
    {
        await _bob.JoinAsync(_alice, "dev");
        await _carol.JoinAsync(_alice, "dev");
        await _bob.ShareAsync("dev", "bobs", TestUser.RandomHash());
        await using var owner = await EventListener.OpenAsync(_alice);
        await using var leaver = await EventListener.OpenAsync(_carol);
        await using var removed = await EventListener.OpenAsync(_bob);

        await _carol.DeleteAsync(TrackerRoutes.Member("dev", "carol"));
        await _alice.DeleteAsync(TrackerRoutes.Member("dev", "bob"));
        await _alice.ShareAsync("dev", "later", TestUser.RandomHash());

        Assert.Equal((GroupEventKind.MemberLeft, "Dev", "Carol", null), await owner.NextShortAsync());
        Assert.Equal((GroupEventKind.MemberRemoved, "Dev", "Bob", null), await owner.NextShortAsync());
        Assert.Equal((GroupEventKind.FileRemoved, "Dev", "Bob", "bobs"), await owner.NextShortAsync());
        Assert.Equal((GroupEventKind.FileShared, "Dev", "Alice", "later"), await owner.NextShortAsync());
        Assert.Equal(GroupEventKind.MemberRemoved, (await NextOfAsync(removed, what => what.UserName == "Bob")).Kind);
        await AssertNothingMoreAsync(_bob, removed);
        Assert.Equal(GroupEventKind.MemberLeft, (await NextOfAsync(leaver, what => what.UserName == "Carol")).Kind);
        await AssertNothingMoreAsync(_carol, leaver);
    }

    [TrackerFact]
    public async Task An_event_of_a_kind_that_only_a_newer_instance_knows_is_passed_over()
    {
        await _bob.JoinAsync(_alice, "dev");
        await using var before = await EventListener.OpenAsync(_bob);
        await _alice.ShareAsync("dev", "first", TestUser.RandomHash());
        await before.NextAsync();
        await _tracker.Database.WriteAsync(
            async connection => await connection.ExecuteAsync(
                """
                INSERT INTO events (id, kind, group_id, group_guid, group_name, user_name, owner_only, created)
                SELECT @id, 'GroupRenamed', g.id, g.guid, g.name, 'alice', 0, (SELECT MAX(created) FROM events) FROM groups g
                """,
                new { id = await connection.TakeNumbersAsync(1) }),
            CancellationToken.None);
        await _alice.ShareAsync("dev", "second", TestUser.RandomHash());

        Assert.Equal("second", (await before.NextAsync()).FileName);
        await using var resumed = await EventListener.OpenAsync(_bob, after: "0");
        Assert.Equal("second", (await NextOfAsync(resumed, what => what.FileName == "second")).FileName);
        Assert.Equal(1, _tracker.Services.GetRequiredService<EventFeed>().PassedOver);
    }

    [TrackerFact]
    public async Task A_new_owner_and_the_end_of_a_group_are_told_to_its_members()
    {
        await _bob.JoinAsync(_alice, "dev");
        await using var member = await EventListener.OpenAsync(_bob);

        await _alice.PutAsync(TrackerRoutes.GroupOwner("dev"), new SetGroupOwnerRequest("bob"));
        // Of a group that has been deleted only that is news.
        Assert.Equal((GroupEventKind.OwnerChanged, "Dev", "Bob", null), await member.NextShortAsync());
        await _bob.DeleteAsync(TrackerRoutes.Group("dev"));

        Assert.Equal((GroupEventKind.GroupRemoved, "Dev", "Bob", null), await member.NextShortAsync());
    }

    [TrackerFact]
    public async Task A_stream_that_is_resumed_misses_nothing_and_repeats_nothing()
    {
        await _bob.JoinAsync(_alice, "dev");
        string? last;
        await using (var before = await EventListener.OpenAsync(_bob))
        {
            await _alice.ShareAsync("dev", "1", TestUser.RandomHash());
            Assert.Equal("1", (await before.NextAsync()).FileName);
            last = before.LastId;
        }

        await _alice.ShareAsync("dev", "2", TestUser.RandomHash());
        await _carol.PostAsync(TrackerRoutes.JoinRequests("dev"));
        await using var resumed = await EventListener.OpenAsync(_bob, after: last);
        await _alice.ShareAsync("dev", "3", TestUser.RandomHash());

        // The request to join is for the owner alone, also when it is looked up later.
        Assert.Equal("2", (await resumed.NextAsync()).FileName);
        Assert.Equal("3", (await resumed.NextAsync()).FileName);
    }

    [TrackerFact]
    public async Task A_stream_may_be_about_some_groups_only()
    {
        await _alice.CreateGroupAsync("Ops");
        await _alice.CreateGroupAsync("Web");
        await using var some = await EventListener.OpenAsync(_alice, "?group=OPS&group=web");

        await _alice.ShareAsync("dev", "of dev", TestUser.RandomHash());
        await _alice.ShareAsync("web", "of web", TestUser.RandomHash());
        await _alice.ShareAsync("ops", "of ops", TestUser.RandomHash());

        Assert.Equal("of web", (await some.NextAsync()).FileName);
        Assert.Equal("of ops", (await some.NextAsync()).FileName);
        await _alice.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.GroupNotFound, await _alice.GetAsync(TrackerRoutes.Events + "?group=nowhere"));
    }

    [TrackerFact]
    public async Task A_stream_ends_when_its_session_does()
    {
        await using var listener = await EventListener.OpenAsync(_bob);

        await _bob.DeleteAsync(TrackerRoutes.CurrentSession);

        Assert.Null(await listener.NextItemAsync());
    }

    [TrackerFact]
    public async Task A_tracker_that_stops_does_not_wait_for_streams()
    {
        // As long as the server would wait for a response under way.
        var shutdown = TimeSpan.FromSeconds(20);
        var tracker = await TestTracker.StartAsync(options => options.ShutdownTimeout = shutdown);
        using var user = await TestUser.CreateAsync(tracker, "dave");
        await using var listener = await EventListener.OpenAsync(user);

        var watch = Stopwatch.StartNew();
        await tracker.Application.DisposeAsync();
        var took = watch.Elapsed;
        await tracker.DisposeAsync();

        Assert.Null(await listener.NextItemAsync());
        Assert.True(took < shutdown / 2, $"It took {took}.");
    }

    [TrackerFact]
    public async Task A_quiet_stream_shows_that_it_is_alive()
    {
        await using var listener = await EventListener.OpenAsync(_bob);
        var next = listener.NextItemAsync();
        await Eventually.HoldsAsync(
            () =>
            {
                _clock.Advance(GroupEventItems.HeartbeatInterval);
                return next.IsCompleted;
            },
            "a heartbeat comes");

        Assert.Equal(GroupEventItems.Heartbeat, (await next)?.EventType);
    }

    [TrackerFact]
    public async Task Events_are_forgotten_after_an_hour()
    {
        await _alice.ShareAsync("dev", "old", TestUser.RandomHash());
        var database = _tracker.Services.GetRequiredService<TrackerDatabase>();
        Assert.Equal(1, await CountAsync());

        _clock.Advance(TimeSpan.FromMinutes(61));

        await Eventually.HoldsAsync(async () => await CountAsync() == 0, "the event is forgotten");

        Task<long> CountAsync() => database.ReadAsync(connection => connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM events"), CancellationToken.None);
    }

    [TrackerTheory]
    [InlineData("x")]
    [InlineData("-1")]
    [InlineData("99999999999999999999")]
    public async Task An_invalid_event_id_is_refused(string id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, TrackerRoutes.Events);
        request.Headers.TryAddWithoutValidation("Last-Event-ID", id);
        await _bob.ExpectProblem(HttpStatusCode.BadRequest, ErrorCode.InvalidRequest, await _bob.SendAsync(request));
    }

    private static async Task<GroupEvent> NextOfAsync(EventListener listener, Func<GroupEvent, bool> wanted)
    {
        while (true)
        {
            var what = await listener.NextAsync();
            if (wanted(what))
            {
                return what;
            }
        }
    }

    // What comes next is of a group of one's own.
    private static async Task AssertNothingMoreAsync(TestUser user, EventListener listener)
    {
        await user.CreateGroupAsync(user.Name + "s-own");
        await user.ShareAsync(user.Name + "s-own", "mine", TestUser.RandomHash());
        Assert.Equal("mine", (await listener.NextAsync()).FileName);
    }
}
