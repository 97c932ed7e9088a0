using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.TrackerHost;

/// <summary>Many shares end with one request.</summary>
public sealed class WithdrawalTests : IAsyncLifetime
{
    private TestTracker _tracker = null!;
    private TestUser _alice = null!;
    private TestUser _bob = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _alice = await TestUser.CreateAsync(_tracker, "alice");
        _bob = await TestUser.CreateAsync(_tracker, "bob");
        await _alice.CreateGroupAsync("dev");
        await _bob.JoinAsync(_alice, "dev");
    }

    public async Task DisposeAsync()
    {
        _alice.Dispose();
        _bob.Dispose();
        await _tracker.DisposeAsync();
    }

    [TrackerFact]
    public async Task Each_name_ends_or_fails_by_itself_and_members_hear_of_what_is_gone()
    {
        var both = TestUser.RandomHash();
        await _alice.ShareAsync("dev", "own", TestUser.RandomHash());
        await _alice.ShareAsync("dev", "both", both);
        await _bob.ShareAsync("dev", "both", both);
        await _bob.ShareAsync("dev", "bobs", TestUser.RandomHash());
        await using var stream = await EventListener.OpenAsync(_bob);

        var answer = await WithdrawAsync("own", "both", "bobs", "missing", "zero\0", "own");

        Assert.Equal(await _alice.GroupIdAsync("dev"), answer.GroupId);
        Assert.Equal(
            [("bobs", ErrorCode.NotSharer), ("missing", ErrorCode.FileNotFound), ("zero\0", ErrorCode.FileNotFound)],
            answer.Failed.Select(failed => (failed.Name, failed.Code)));
        Assert.Equal([("bobs", "bob"), ("both", "bob")], (await _bob.ListFilesAsync("dev")).Select(file => (file.Name, file.Owner)));
        var heard = await stream.NextAsync();
        Assert.Equal((GroupEventKind.FileRemoved, "own", "alice"), (heard.Kind, heard.FileName, heard.UserName));
    }

    [TrackerFact]
    public async Task As_many_names_as_a_request_may_have_end_and_one_more_is_refused()
    {
        var names = Enumerable.Range(0, WithdrawFilesRequest.MaxNames).Select(i => $"file {i}").ToArray();
        await Parallel.ForEachAsync(names, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (name, _) => await _alice.ShareAsync("dev", name, null, size: 0));
        await using var stream = await EventListener.OpenAsync(_bob);

        await _alice.ExpectProblem(
            HttpStatusCode.BadRequest, ErrorCode.InvalidRequest,
            await _alice.PostAsync(TrackerRoutes.Withdrawals("dev"), new WithdrawFilesRequest([.. names, "one more"])));
        await _alice.ExpectProblem(
            HttpStatusCode.BadRequest, ErrorCode.InvalidRequest, await _alice.PostAsync(TrackerRoutes.Withdrawals("dev"), new WithdrawFilesRequest([])));
        Assert.Empty((await WithdrawAsync(names)).Failed);

        Assert.Empty(await _alice.ListFilesAsync("dev"));
        var heard = new HashSet<string?>();
        while (heard.Count < names.Length)
        {
            heard.Add((await stream.NextAsync()).FileName);
        }

        Assert.Equal(names.ToHashSet(), heard!);
    }

    private async Task<WithdrawFilesResponse> WithdrawAsync(params string[] names) => await _alice.Expect<WithdrawFilesResponse>(
        HttpStatusCode.OK, await _alice.PostAsync(TrackerRoutes.Withdrawals("dev"), new WithdrawFilesRequest(names)));
}
