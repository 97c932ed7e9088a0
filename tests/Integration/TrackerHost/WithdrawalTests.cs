using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Peers;

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

    [TrackerFact]
    public async Task Peers_are_told_what_of_theirs_was_withdrawn_and_not_of_what_is_shared_again()
    {
        var group = await _alice.GroupIdAsync("dev");
        var roots = Enumerable.Range(0, AnnounceResponse.MaxWithdrawn + 10).Select(_ => TestUser.RandomHash()).ToArray();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, roots.Length), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) => await _alice.ShareAsync("dev", $"file {i}", roots[i]));
        var kept = TestUser.RandomHash();
        await _alice.ShareAsync("dev", "kept", kept);
        Announcement[] held = [.. roots.Append(kept).Select(root => new Announcement(group, root, Complete: true))];
        Assert.Empty((await _bob.AnnounceAsync(held)).Rejected);

        foreach (var names in Enumerable.Range(0, roots.Length).Select(i => $"file {i}").Append("kept").Chunk(WithdrawFilesRequest.MaxNames))
        {
            Assert.Empty((await WithdrawAsync(names)).Failed);
        }

        await _alice.ShareAsync("dev", "file 0", roots[0]);
        while (await _tracker.Database.WriteAsync(connection => LostHoldingStore.SweepAsync(connection, DateTimeOffset.UtcNow), CancellationToken.None))
        {
        }

        await _alice.ShareAsync("dev", "kept", kept);

        var heartbeat = new AnnounceRequest(_bob.Fingerprint, 5000, [], Full: false, [], [], RevocationsAfter: 0);
        var heard = new List<Hash256>();
        AnnounceResponse response;
        do
        {
            response = await _bob.AnnounceAsync(heartbeat);
            Assert.True(response.Known);
            heard.AddRange(response.Rejected.Select(rejected => rejected.PiecesRoot));
        }
        while (response.Rejected.Count > 0);

        Assert.Equal(roots[1..].ToHashSet(), heard.ToHashSet());
        Assert.Equal(roots.Length - 1, heard.Count);
        Assert.Equal(0, await _tracker.CountAsync("lost_holdings"));
        Assert.Equal(1, await _tracker.CountAsync("holdings"));
    }

    private async Task<WithdrawFilesResponse> WithdrawAsync(params string[] names) => await _alice.Expect<WithdrawFilesResponse>(
        HttpStatusCode.OK, await _alice.PostAsync(TrackerRoutes.Withdrawals("dev"), new WithdrawFilesRequest(names)));
}
