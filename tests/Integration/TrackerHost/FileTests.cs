using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.TrackerHost;

public sealed class FileTests : IAsyncLifetime
{
    private readonly TrackerClock _clock = new();
    private TestTracker _tracker = null!;
    private TestUser _alice = null!;
    private TestUser _bob = null!;

    public async Task InitializeAsync()
    {
        // Long intervals: what has expired must not count even where nothing has deleted it yet.
        _tracker = await TestTracker.StartAsync(
            options => (options.AnnounceInterval, options.ReplacedContentLifetime) = (TimeSpan.FromHours(1), TimeSpan.FromMinutes(30)), _clock);
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
    public async Task A_shared_file_is_listed_as_it_was_shared()
    {
        var root = TestUser.RandomHash();

        var shared = await _alice.Expect<FileResponse>(HttpStatusCode.Created, await _alice.ShareAsync("dev", "b/ü 100%.iso", root));

        Assert.Equal(
            new FileResponse(await _alice.GroupIdAsync("dev"), "Dev", "b/ü 100%.iso", 100_000, 65536, root, "Alice", 0, DateTimeOffset.FromUnixTimeSeconds(_clock.GetUtcNow().ToUnixTimeSeconds()), Version: 1),
            shared);
        await _alice.ShareAsync("dev", "a", TestUser.RandomHash());
        Assert.Equal(["a", "b/ü 100%.iso"], (await _bob.ListFilesAsync("DEV")).Select(file => file.Name));
        Assert.Equal(shared, (await _bob.ListFilesAsync("dev"))[1]);
    }

    [TrackerTheory]
    [InlineData("100%.txt")]
    [InlineData("a%2Fb")]
    [InlineData("a+b c#d&e=f;g")]
    [InlineData("ordner/größe/文件 🎈.bin")]
    [InlineData("requests/files/sources")]
    public async Task A_name_in_a_path_means_the_file_of_that_name(string name)
    {
        await _alice.Expect(HttpStatusCode.Created, await _alice.ShareAsync("dev", name, TestUser.RandomHash()));

        await _alice.Expect(HttpStatusCode.NoContent, await _alice.DeleteAsync(TrackerRoutes.File("dev", name)));

        Assert.Empty(await _alice.ListFilesAsync("dev"));
    }

    [TrackerFact]
    public async Task An_empty_file_has_no_root()
    {
        var empty = await _alice.Expect<FileResponse>(HttpStatusCode.Created, await _alice.ShareAsync("dev", "empty", root: null, size: 0));

        Assert.Null(empty.PiecesRoot);
        await _bob.Expect(HttpStatusCode.OK, await _bob.ShareAsync("dev", "empty", root: null, size: 0));
        Assert.Equal(empty, Assert.Single(await _bob.ListFilesAsync("dev")));
    }

    [TrackerFact]
    public async Task The_same_content_can_have_several_names_and_groups()
    {
        await _alice.CreateGroupAsync("ops");
        var root = TestUser.RandomHash();
        foreach (var (group, name) in new[] { ("dev", "one"), ("dev", "two"), ("ops", "one") })
        {
            await _alice.Expect(HttpStatusCode.Created, await _alice.ShareAsync(group, name, root));
        }

        Assert.Equal(2, (await _alice.ListFilesAsync("dev")).Count);
        Assert.Single(await _alice.ListFilesAsync("ops"));
    }

    [TrackerFact]
    public async Task Names_that_differ_in_case_are_two_files()
    {
        await _alice.Expect(HttpStatusCode.Created, await _alice.ShareAsync("dev", "Readme", TestUser.RandomHash()));
        await _alice.Expect(HttpStatusCode.Created, await _alice.ShareAsync("dev", "README", TestUser.RandomHash()));

        await _alice.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.FileNotFound, await _alice.DeleteAsync(TrackerRoutes.File("dev", "readme")));
        Assert.Equal(["README", "Readme"], (await _alice.ListFilesAsync("dev")).Select(file => file.Name));
    }

    [TrackerFact]
    public async Task A_further_sharer_of_the_same_content_is_a_source_and_the_first_owns_it()
    {
        var root = TestUser.RandomHash();
        await _alice.Expect(HttpStatusCode.Created, await _alice.ShareAsync("dev", "file", root));
        var again = await _bob.Expect<FileResponse>(HttpStatusCode.OK, await _bob.ShareAsync("dev", "file", root));
        Assert.Equal("Alice", again.Owner);
        await _alice.Expect(HttpStatusCode.OK, await _alice.ShareAsync("dev", "file", root));

        await _alice.Expect(HttpStatusCode.NoContent, await _alice.DeleteAsync(TrackerRoutes.File("dev", "file")));

        Assert.Equal("bob", Assert.Single(await _alice.ListFilesAsync("dev")).Owner);
        await _alice.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotSharer, await _alice.DeleteAsync(TrackerRoutes.File("dev", "file")));
        await _bob.Expect(HttpStatusCode.NoContent, await _bob.DeleteAsync(TrackerRoutes.File("dev", "file")));
        Assert.Empty(await _alice.ListFilesAsync("dev"));
        await _bob.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.FileNotFound, await _bob.DeleteAsync(TrackerRoutes.File("dev", "file")));
        await _bob.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.FileNotFound, await _bob.AskSourcesAsync("dev", root));
    }

    [TrackerFact]
    public async Task Another_content_under_a_taken_name_is_refused()
    {
        var root = TestUser.RandomHash();
        await _alice.ShareAsync("dev", "file", root);

        await _bob.ExpectProblem(HttpStatusCode.Conflict, ErrorCode.FileNameTaken, await _bob.ShareAsync("dev", "file", TestUser.RandomHash()));
        await _bob.ExpectProblem(HttpStatusCode.Conflict, ErrorCode.FileNameTaken, await _bob.ShareAsync("dev", "file", root, size: 100_001));
        await _alice.ExpectProblem(HttpStatusCode.Conflict, ErrorCode.FileNameTaken, await _alice.ShareAsync("dev", "file", TestUser.RandomHash()));
        await _bob.ExpectProblem(
            HttpStatusCode.Forbidden, ErrorCode.NotSharer, await _bob.ShareAsync("dev", "file", TestUser.RandomHash(), replace: true));
        Assert.Equal(root, Assert.Single(await _alice.ListFilesAsync("dev")).PiecesRoot);
    }

    [TrackerFact]
    public async Task A_sharer_can_replace_a_file_and_running_downloads_of_the_old_content_finish()
    {
        var (old, replacement) = (TestUser.RandomHash(), TestUser.RandomHash());
        await _alice.ShareAsync("dev", "file", old);
        await _bob.ShareAsync("dev", "file", old);
        await _alice.AnnounceAsync(("dev", old, Complete: true));
        _clock.Advance(TimeSpan.FromSeconds(5));

        var now = await _alice.Expect<FileResponse>(HttpStatusCode.OK, await _alice.ShareAsync("dev", "file", replacement, replace: true));

        Assert.Equal((replacement, "Alice", 0), (now.PiecesRoot!.Value, now.Owner, now.Sources));
        Assert.Equal(_clock.GetUtcNow().ToUnixTimeSeconds(), now.Shared.ToUnixTimeSeconds());
        await _bob.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotSharer, await _bob.DeleteAsync(TrackerRoutes.File("dev", "file")));
        var sources = await _bob.FindSourcesAsync("dev", old, replacement);
        Assert.Equal(2, sources.Contents.Count);
        Assert.Equal(_alice.Fingerprint, Assert.Single(sources.Contents.Single(content => content.PiecesRoot == old).Peers).Fingerprint);
        // A peer may go on offering it, and a new one too.
        Assert.Empty((await _bob.AnnounceAsync(("dev", old, Complete: true))).Rejected);

        _clock.Advance(TimeSpan.FromMinutes(30));
        await _bob.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.FileNotFound, await _bob.AskSourcesAsync("dev", old));
        Assert.Single((await _bob.AnnounceAsync(("dev", old, Complete: true))).Rejected);
    }

    [TrackerTheory]
    [InlineData("../up")]
    [InlineData("/abs")]
    [InlineData("con")]
    [InlineData("")]
    public async Task A_bad_file_name_is_refused_by_the_tracker_too(string name) =>
        await _alice.ExpectProblem(HttpStatusCode.BadRequest, ErrorCode.InvalidFileName, await _alice.ShareAsync("dev", name, TestUser.RandomHash()));

    [TrackerFact]
    public async Task Numbers_that_describe_no_content_are_refused()
    {
        ShareFileRequest[] bad =
        [
            new("file", -1, 65536, TestUser.RandomHash()),
            new("file", 100, 65537, TestUser.RandomHash()),
            new("file", 100, 65536, PiecesRoot: null),
            new("file", 0, 65536, TestUser.RandomHash()),
            new("file", long.MaxValue, 16 << 20, TestUser.RandomHash()),
        ];
        foreach (var request in bad)
        {
            await _alice.ExpectProblem(
                HttpStatusCode.BadRequest, ErrorCode.InvalidContent, await _alice.PostAsync(TrackerRoutes.Files("dev"), request));
        }
    }

    [TrackerFact]
    public async Task A_non_member_cannot_tell_whether_a_file_exists()
    {
        using var mallory = await TestUser.CreateAsync(_tracker, "mallory");
        var root = TestUser.RandomHash();
        await _alice.ShareAsync("dev", "file", root);
        foreach (var (name, content) in new[] { ("file", root), ("none", TestUser.RandomHash()) })
        {
            HttpResponseMessage[] answers =
            [
                await mallory.GetPageAsync(TrackerRoutes.Files("dev")),
                await mallory.ShareAsync("dev", name, content),
                await mallory.ShareAsync("dev", name, TestUser.RandomHash()),
                await mallory.DeleteAsync(TrackerRoutes.File("dev", name)),
                await mallory.AskSourcesAsync("dev", content),
            ];
            foreach (var answer in answers)
            {
                await mallory.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, answer);
            }

            var holding = await mallory.HoldingAsync("dev", content, complete: true);
            Assert.Equal([holding], (await mallory.AnnounceAsync(holding)).Rejected);
        }
    }

    [TrackerFact]
    public async Task One_of_many_simultaneous_contents_under_a_name_wins()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _alice.ShareAsync("dev", "file", TestUser.RandomHash())));

        Assert.Equal(1, answers.Count(answer => answer.StatusCode == HttpStatusCode.Created));
        Assert.Equal(19, answers.Count(answer => answer.StatusCode == HttpStatusCode.Conflict));
        Assert.Single(await _alice.ListFilesAsync("dev"));
    }
}
