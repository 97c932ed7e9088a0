using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.TrackerHost;

/// <summary>Many files are shared with one request.</summary>
public sealed class ManySharesTests
{
    [TrackerFact]
    public async Task Each_file_is_shared_or_fails_by_itself_and_members_hear_of_what_is_new()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        await alice.CreateGroupAsync("dev");
        await bob.JoinAsync(alice, "dev");
        var both = TestUser.RandomHash();
        await bob.ShareAsync("dev", "both", both);
        await bob.ShareAsync("dev", "bobs", TestUser.RandomHash());
        await alice.ShareAsync("dev", "older", TestUser.RandomHash());
        await using var stream = await EventListener.OpenAsync(bob);
        var (first, newer) = (TestUser.RandomHash(), TestUser.RandomHash());

        var outcomes = await ShareAsync(
            alice,
            Of("first", first),
            Of("both", both),
            Of("bobs", TestUser.RandomHash()),
            Of("bobs", TestUser.RandomHash(), replace: true),
            Of("no/../name", first),
            new ShareFileRequest("length", 100_000, 17, first),
            Of("older", newer, replace: true),
            Of("first", first),
            Of("first", newer),
            Of("twice", first),
            Of("twice", newer, replace: true));

        Assert.Equal(
            ["first", "both", ErrorCode.FileNameTaken, ErrorCode.NotSharer, ErrorCode.InvalidFileName, ErrorCode.InvalidContent, "older", "first", ErrorCode.FileNameTaken, ErrorCode.FileNotFound, "twice"],
            outcomes.Select(outcome => outcome.File?.Name ?? outcome.Code));
        Assert.All(outcomes, outcome => Assert.Equal(outcome.File is null, outcome.Detail is not null));
        Assert.Equal(
            new (string, string, Hash256?)[] { ("bobs", "bob", outcomes[0].File!.PiecesRoot), ("both", "bob", both), ("first", "alice", first), ("older", "alice", newer), ("twice", "alice", newer) }
                .Select(file => file.Item1 == "bobs" ? (file.Item1, file.Item2, null) : file),
            (await bob.ListFilesAsync("dev")).Select(file => (file.Name, file.Owner, file.Name == "bobs" ? null : file.PiecesRoot)));
        Assert.Equal((GroupEventKind.FileShared, "first"), await NextAsync());
        Assert.Equal((GroupEventKind.FileShared, "older"), await NextAsync());

        async Task<(GroupEventKind, string?)> NextAsync() => await stream.NextAsync() is var heard ? (heard.Kind, heard.FileName) : default;
    }

    [TrackerFact]
    public async Task As_many_are_shared_as_quotas_have_room_for()
    {
        await using var tracker = await TestTracker.StartAsync(options => (options.FilesPerUser, options.FilesPerGroup) = (5, 4));
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        await alice.CreateGroupAsync("dev");
        await alice.CreateGroupAsync("web");
        await bob.JoinAsync(alice, "web");
        var theirs = TestUser.RandomHash();
        await bob.ShareAsync("web", "theirs", theirs);

        Assert.Equal(["0", "1", "2", "3", ErrorCode.QuotaExceeded, ErrorCode.QuotaExceeded], await ShareManyAsync("dev", 6));
        // What is replaced takes no room.
        Assert.NotNull(Assert.Single(await ShareAsync(alice, Of("0", TestUser.RandomHash(), replace: true))).File);
        Assert.Equal(["0", ErrorCode.QuotaExceeded], await ShareManyAsync("web", 2));
        await alice.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await alice.ShareAsync("web", "theirs", theirs));
        await alice.Expect(HttpStatusCode.NoContent, await alice.DeleteAsync(TrackerRoutes.File("web", "0")));
        await alice.Expect(HttpStatusCode.OK, await alice.ShareAsync("web", "theirs", theirs));

        async Task<IEnumerable<string>> ShareManyAsync(string group, int count) =>
            (await alice.Expect<ShareFilesResponse>(HttpStatusCode.OK, await PostAsync(alice, group, [.. Enumerable.Range(0, count).Select(i => Of($"{i}", TestUser.RandomHash()))])))
            .Outcomes.Select(outcome => outcome.File?.Name ?? outcome.Code!);
    }

    [TrackerFact]
    public async Task As_many_files_as_a_request_may_have_are_shared_and_one_more_or_none_is_refused()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await alice.CreateGroupAsync("dev");
        ShareFileRequest[] most = [.. Enumerable.Range(0, ShareFilesRequest.MaxFiles).Select(i => Of($"{i}", TestUser.RandomHash()))];

        await alice.ExpectProblem(HttpStatusCode.BadRequest, ErrorCode.InvalidRequest, await PostAsync(alice, "dev", [.. most, Of("more", TestUser.RandomHash())]));
        await alice.ExpectProblem(HttpStatusCode.BadRequest, ErrorCode.InvalidRequest, await PostAsync(alice, "dev", []));
        Assert.All(await ShareAsync(alice, most), outcome => Assert.NotNull(outcome.File));

        Assert.Equal(most.Length, (await alice.ListFilesAsync("dev")).Count);
    }

    private static ShareFileRequest Of(string name, Hash256 root, bool replace = false) => new(name, 100_000, PieceLength.For(100_000), root, replace);

    private static Task<HttpResponseMessage> PostAsync(TestUser user, string group, params ShareFileRequest[] files) =>
        user.PostAsync(TrackerRoutes.Shares(group), new ShareFilesRequest(files));

    private static async Task<IReadOnlyList<ShareFileOutcome>> ShareAsync(TestUser user, params ShareFileRequest[] files) =>
        (await user.Expect<ShareFilesResponse>(HttpStatusCode.OK, await PostAsync(user, "dev", files))).Outcomes;
}
