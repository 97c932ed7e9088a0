using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Groups;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Integration.TrackerHost;

/// <summary>What a member leaves behind who shared more than one write removes.</summary>
public sealed class FormerMemberTests : IAsyncLifetime
{
    private const int Files = 1201;

    private readonly TrackerClock _clock = new();
    private readonly Hash256 _root = TestUser.RandomHash();
    private TestTracker _tracker = null!;
    private TestUser _alice = null!;
    private TestUser _bob = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync(options => options.AnnounceInterval = TimeSpan.FromHours(1), clock: _clock);
        _alice = await TestUser.CreateAsync(_tracker, "alice");
        _bob = await TestUser.CreateAsync(_tracker, "bob");
        await _alice.CreateGroupAsync("dev");
        await _bob.JoinAsync(_alice, "dev");
        await _alice.ShareAsync("dev", "both", _root);
        await _bob.ShareAsync("dev", "both", _root);
        await _tracker.ExecuteAsync(
            $"""
            INSERT INTO files (group_id, name, size, piece_length, pieces_root, shared)
            WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {Files})
            SELECT f.group_id, 'file ' || CAST(n AS TEXT), 0, f.piece_length, NULL, f.shared FROM numbers CROSS JOIN files f;
            INSERT INTO file_sharers (file_id, user_id, shared)
            SELECT f.id, u.id, f.shared FROM files f CROSS JOIN users u WHERE u.name = 'bob' AND f.name <> 'both';
            """);
        await _bob.AnnounceAsync(("dev", _root, Complete: true));
    }

    public async Task DisposeAsync()
    {
        _alice.Dispose();
        _bob.Dispose();
        await _tracker.DisposeAsync();
    }

    [TrackerFact]
    public async Task Everything_is_gone_when_the_request_is_answered_and_each_file_is_news_once()
    {
        await using var stream = await EventListener.OpenAsync(_alice);

        await _bob.Expect(HttpStatusCode.NoContent, await _bob.DeleteAsync(TrackerRoutes.Member("dev", "bob")));

        var left = Assert.Single(await _alice.ListFilesAsync("dev"));
        Assert.Equal(("both", "alice", 0), (left.Name, left.Owner, left.Sources));
        Assert.Equal(0, await _tracker.CountAsync("holdings"));
        Assert.Equal(GroupEventKind.MemberLeft, (await stream.NextAsync()).Kind);
        var heard = new HashSet<string?>();
        for (var i = 0; i < Files; i++)
        {
            var what = await stream.NextAsync();
            Assert.Equal((GroupEventKind.FileRemoved, "bob"), (what.Kind, what.UserName));
            Assert.True(heard.Add(what.FileName));
        }
    }

    [TrackerFact]
    public async Task What_a_tracker_left_undone_that_was_killed_is_done_later_and_spares_what_a_member_shares_who_came_back()
    {
        var (group, user) = await _tracker.Database.ReadAsync(
            connection => Dapper.SqlMapper.QuerySingleAsync<(long, long)>(
                connection, "SELECT m.group_id, m.user_id FROM members m JOIN users u ON u.id = m.user_id WHERE u.name = 'bob'"),
            CancellationToken.None);
        await _tracker.Database.WriteAsync(
            connection => GroupService.EndMembershipAsync(connection, group, user, GroupEventKind.MemberLeft, _clock.GetUtcNow()), CancellationToken.None);
        _clock.Advance(TimeSpan.FromSeconds(2));
        await _bob.JoinAsync(_alice, "dev");
        await _bob.ShareAsync("dev", "new", TestUser.RandomHash());
        await _bob.AnnounceAsync(("dev", _root, Complete: true));

        var parts = 0;
        // No announce that has read the membership can be under way any more.
        var later = _clock.GetUtcNow() + TimeSpan.FromMinutes(10);
        while (await _tracker.Database.ReadAsync(connection => EndedMembershipStore.FindAnyAsync(connection, later), CancellationToken.None) is { } ended)
        {
            await _tracker.Database.WriteAsync(
                [WriteLock.Group(ended.GroupName)], connection => EndedMembershipStore.SweepAsync(connection, ended.GroupId, ended.UserId, later), CancellationToken.None);
            parts++;
        }

        // Bob shared "both", too; the last part has less than a whole one.
        Assert.Equal(((Files + 1) / PartialDelete.MaxRows) + 1, parts);
        Assert.Equal([("both", "alice", 1), ("new", "bob", 0)], (await _alice.ListFilesAsync("dev")).Select(file => (file.Name, file.Owner, file.Sources)));
    }
}
