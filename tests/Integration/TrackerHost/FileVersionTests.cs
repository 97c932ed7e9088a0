using System.Net;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Files;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Integration.TrackerHost;

/// <summary>The contents that a name had before.</summary>
public sealed class FileVersionTests : IAsyncLifetime
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(30);

    private readonly TrackerClock _clock = new();
    private TestTracker _tracker = null!;
    private TestUser _alice = null!;
    private TestUser _bob = null!;

    public async Task InitializeAsync()
    {
        // A long interval: what has expired must not count even where nothing has deleted it yet.
        _tracker = await TestTracker.StartAsync(
            options => (options.AnnounceInterval, options.ReplacedContentLifetime, options.FilesPerUser, options.FilesPerGroup) = (TimeSpan.FromHours(1), Lifetime, 5, 6), _clock);
        _alice = await TestUser.CreateAsync(_tracker, "Alice");
        _bob = await TestUser.CreateAsync(_tracker, "bob");
        await _alice.CreateGroupAsync("Dev");
        await _bob.JoinAsync(_alice, "dev");
    }

    public async Task DisposeAsync()
    {
        _alice.Dispose();
        _bob.Dispose();
        await _tracker.DisposeAsync();
    }

    [TrackerFact]
    public async Task Earlier_contents_of_a_name_are_listed_and_have_sources_until_their_time_is_over()
    {
        const string Name = "dir/ü 100%.iso";
        var modified = DateTimeOffset.UnixEpoch.AddTicks(7);
        Hash256[] roots = [TestUser.RandomHash(), TestUser.RandomHash(), TestUser.RandomHash()];
        await _alice.PostAsync(TrackerRoutes.Files("dev"), new ShareFileRequest(Name, 100_000, PieceLength.For(100_000), roots[0], false, modified, true));
        await _bob.AnnounceAsync(("dev", roots[0], Complete: true));
        _clock.Advance(TimeSpan.FromMinutes(10));
        await _alice.Expect(HttpStatusCode.OK, await _alice.ShareAsync("dev", Name, roots[1], replace: true));
        var replaced = _clock.GetUtcNow();
        _clock.Advance(TimeSpan.FromMinutes(10));
        var now = await _alice.Expect<FileResponse>(HttpStatusCode.OK, await _alice.ShareAsync("dev", Name, roots[2], replace: true));

        var versions = await ListAsync(_bob, Name);

        Assert.Equal(now, versions[0]);
        Assert.Equal(versions[0], Assert.Single(await _bob.ListFilesAsync("dev")));
        Assert.Equal([(3, roots[2], 0), (2, roots[1], 0), (1, roots[0], 1)], versions.Select(file => (file.Version!.Value, file.PiecesRoot!.Value, file.Sources)));
        Assert.Equal((null, modified, true), (versions[0].KeptUntil, versions[2].Modified, versions[2].Executable));
        Assert.Equal((replaced + Lifetime).ToUnixTimeSeconds(), versions[2].KeptUntil!.Value.ToUnixTimeSeconds());
        Assert.All(versions, file => Assert.Equal((Name, "Alice", "Dev"), (file.Name, file.Owner, file.Group)));
        Assert.Equal(_bob.Fingerprint, Assert.Single((await _alice.FindSourcesAsync("dev", roots[0])).Contents[0].Peers).Fingerprint);

        _clock.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal([3L, 2L], (await ListAsync(_bob, Name)).Select(file => file.Version!.Value));
        await _alice.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.FileNotFound, await _alice.AskSourcesAsync("dev", roots[0]));
    }

    [TrackerFact]
    public async Task As_many_are_kept_as_is_set_and_none_counts_twice()
    {
        foreach (var version in Enumerable.Range(1, 6))
        {
            await ReplaceAsync(_alice, "file", size: version);
            Assert.Equal(version, (await ListAsync(_alice, "file"))[0].Version);
        }

        Assert.Equal([6L, 5L, 4L, 3L], (await ListAsync(_bob, "file")).Select(file => file.Size));
        // One file and three versions: there is room for one more.
        await _alice.Expect(HttpStatusCode.Created, await _alice.ShareAsync("dev", "more", TestUser.RandomHash()));
        await _alice.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await _alice.ShareAsync("dev", "most", TestUser.RandomHash()));
        // It is replaced all the same, and no version of it is kept.
        await ReplaceAsync(_alice, "more", size: 1);
        Assert.Equal(2, Assert.Single(await ListAsync(_alice, "more")).Version);
        // Room that the oldest version makes is for the newest.
        await ReplaceAsync(_alice, "file", size: 7);
        Assert.Equal([7L, 6L, 5L, 4L], (await ListAsync(_bob, "file")).Select(file => file.Size));
        // The group has two files and three versions: one more, whoever shares it.
        await _bob.Expect(HttpStatusCode.Created, await _bob.ShareAsync("dev", "bobs", TestUser.RandomHash()));
        await _bob.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await _bob.ShareAsync("dev", "bobs too", TestUser.RandomHash()));

        _clock.Advance(Lifetime);
        Assert.Single(await ListAsync(_bob, "file"));
        await _bob.Expect(HttpStatusCode.Created, await _bob.ShareAsync("dev", "bobs too", TestUser.RandomHash()));
    }

    [TrackerFact]
    public async Task An_expired_version_that_is_removed_makes_no_room()
    {
        foreach (var size in Enumerable.Range(1, 4))
        {
            await ReplaceAsync(_alice, "file", size);
        }

        _clock.Advance(Lifetime);
        foreach (var i in Enumerable.Range(1, 4))
        {
            await _alice.Expect(HttpStatusCode.Created, await _alice.ShareAsync("dev", $"more {i}", TestUser.RandomHash()));
        }

        await ReplaceAsync(_alice, "file", size: 5);

        Assert.Equal(5, Assert.Single(await ListAsync(_alice, "file")).Version);
    }

    [TrackerFact]
    public async Task A_version_takes_no_room_that_a_share_of_the_same_request_needs()
    {
        foreach (var i in Enumerable.Range(1, 4))
        {
            await ReplaceAsync(_alice, $"{i}", size: 1);
        }

        var outcomes = await _alice.Expect<ShareFilesResponse>(HttpStatusCode.OK, await _alice.PostAsync(
            TrackerRoutes.Shares("dev"), new ShareFilesRequest([Replacing("1", size: 2), Replacing("new", size: 2)])));

        Assert.All(outcomes.Outcomes, outcome => Assert.Null(outcome.Code));
        Assert.Equal(2, Assert.Single(await ListAsync(_alice, "1")).Version);
    }

    [TrackerFact]
    public async Task Replaced_twice_in_one_request_a_name_keeps_both_and_not_more_than_is_set()
    {
        foreach (var size in Enumerable.Range(1, 3))
        {
            await ReplaceAsync(_alice, "file", size);
        }

        await _alice.Expect<ShareFilesResponse>(HttpStatusCode.OK, await _alice.PostAsync(
            TrackerRoutes.Shares("dev"), new ShareFilesRequest([Replacing("file", size: 4), Replacing("file", size: 5)])));

        Assert.Equal([5L, 4L, 3L, 2L], (await ListAsync(_bob, "file")).Select(file => file.Size));
    }

    [TrackerFact]
    public async Task A_name_that_was_withdrawn_begins_anew()
    {
        await ReplaceAsync(_alice, "file", size: 1);
        await ReplaceAsync(_alice, "file", size: 2);
        await _alice.Expect(HttpStatusCode.NoContent, await _alice.DeleteAsync(TrackerRoutes.File("dev", "file")));
        await _bob.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.FileNotFound, await _bob.GetAsync(TrackerRoutes.Versions("dev", "file")));
        // Rows that no quota and no number per name limits would be left.
        Assert.Equal(0, await _tracker.CountAsync("file_versions"));

        await ReplaceAsync(_bob, "file", size: 3);

        Assert.Equal((1L, 3L), Assert.Single(await ListAsync(_bob, "file")) is var only ? (only.Version!.Value, only.Size) : default);
        await ReplaceAsync(_bob, "file", size: 4);
        Assert.Equal([4L, 3L], (await ListAsync(_bob, "file")).Select(file => file.Size));
    }

    [TrackerFact]
    public async Task A_content_that_comes_back_and_an_empty_one_are_versions_too()
    {
        var root = TestUser.RandomHash();
        await _alice.ShareAsync("dev", "file", root);
        await _alice.ShareAsync("dev", "file", root: null, replace: true, size: 0);
        await _alice.ShareAsync("dev", "file", root, replace: true);
        await _alice.ShareAsync("dev", "file", root, replace: true);

        Assert.Equal([(3L, root), (2L, null), (1L, (Hash256?)root)], (await ListAsync(_bob, "file")).Select(file => (file.Version!.Value, file.PiecesRoot)));
    }

    [TrackerFact]
    public async Task A_removed_member_sees_none_and_those_that_the_member_shared_end()
    {
        await ReplaceAsync(_bob, "bobs", size: 1);
        await ReplaceAsync(_bob, "bobs", size: 2);
        // Alice shares it too: the name stays.
        var current = (await ListAsync(_bob, "bobs"))[0];
        await _alice.Expect(HttpStatusCode.OK, await _alice.ShareAsync("dev", "bobs", current.PiecesRoot, size: 2));
        await ReplaceAsync(_alice, "alices", size: 1);
        await ReplaceAsync(_alice, "alices", size: 2);
        var old = (await ListAsync(_bob, "alices"))[1].PiecesRoot!.Value;

        await _alice.Expect(HttpStatusCode.NoContent, await _alice.DeleteAsync(TrackerRoutes.Member("dev", "bob")));

        await _bob.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, await _bob.GetAsync(TrackerRoutes.Versions("dev", "alices")));
        await _bob.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, await _bob.AskSourcesAsync("dev", old));
        await Eventually.HoldsAsync(async () => (await ListAsync(_alice, "bobs")).Count == 1, "bob's version is gone");
        Assert.Equal(2, (await ListAsync(_alice, "alices")).Count);
    }

    [TrackerFact]
    public async Task Those_of_a_deleted_group_or_user_are_deleted()
    {
        await _bob.CreateGroupAsync("web");
        foreach (var (user, group) in new[] { (_alice, "dev"), (_bob, "dev"), (_bob, "web") })
        {
            await ReplaceAsync(user, user.Name, size: 1, group);
            await ReplaceAsync(user, user.Name, size: 2, group);
        }

        Assert.Equal(3, await _tracker.CountAsync("file_versions"));
        await _bob.Expect(HttpStatusCode.NoContent, await _bob.DeleteAsync(TrackerRoutes.Group("web")));
        await Eventually.HoldsAsync(async () => await _tracker.CountAsync("file_versions") == 2, "those of the group are gone");
        await _bob.Expect(HttpStatusCode.NoContent, await _bob.DeleteAsync(TrackerRoutes.CurrentUser));
        await Eventually.HoldsAsync(async () => await _tracker.CountAsync("file_versions") == 1, "those of the user are gone");
    }

    [TrackerFact]
    public async Task A_stranger_cannot_tell_whether_a_name_has_versions()
    {
        using var mallory = await TestUser.CreateAsync(_tracker, "mallory");
        await ReplaceAsync(_alice, "file", size: 1);
        foreach (var name in new[] { "file", "none", "a/../b" })
        {
            await mallory.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, await mallory.GetAsync(TrackerRoutes.Versions("dev", name)));
            await mallory.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.GroupNotFound, await mallory.GetAsync(TrackerRoutes.Versions("none", name)));
        }

        await _alice.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.FileNotFound, await _alice.GetAsync(TrackerRoutes.Versions("dev", "none")));
    }

    [TrackerFact]
    public async Task Those_whose_time_is_over_are_deleted_in_parts()
    {
        const int Expired = PartialDelete.MaxRows + 30;
        var database = _tracker.Services.GetRequiredService<TrackerDatabase>();
        var now = _clock.GetUtcNow();
        await database.WriteAsync(
            connection => connection.ExecuteAsync(
                $"""
                INSERT INTO file_versions (history, number, group_id, user_id, size, piece_length, shared, expires)
                WITH RECURSIVE k (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < {Expired + 20})
                SELECT n, 1, g.id, g.owner_id, 0, 65536, 1, CASE WHEN n <= {Expired} THEN 1 ELSE @Later END FROM k CROSS JOIN groups g
                """,
                new { Later = now.AddHours(1).ToUnixTimeSeconds() }),
            CancellationToken.None);

        Assert.True(await database.WriteAsync(connection => VersionStore.PurgeExpiredAsync(connection, now), CancellationToken.None));
        Assert.Equal(50, await _tracker.CountAsync("file_versions"));
        Assert.False(await database.WriteAsync(connection => VersionStore.PurgeExpiredAsync(connection, now), CancellationToken.None));
        Assert.Equal(20, await _tracker.CountAsync("file_versions"));
    }

    private static ShareFileRequest Replacing(string name, long size) => new(name, size, PieceLength.For(size), TestUser.RandomHash(), Replace: true);

    private static async Task ReplaceAsync(TestUser user, string name, long size, string group = "dev")
    {
        using var response = await user.ShareAsync(group, name, TestUser.RandomHash(), replace: true, size);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    private static async Task<IReadOnlyList<FileResponse>> ListAsync(TestUser user, string name) =>
        await user.Expect<IReadOnlyList<FileResponse>>(HttpStatusCode.OK, await user.GetAsync(TrackerRoutes.Versions("dev", name)));
}
