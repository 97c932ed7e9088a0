using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Trackers;

/// <summary>Which files go into one request, and what becomes of each.</summary>
public sealed class SharePublisherTests
{
    private readonly List<string[]> _requests = [];
    private readonly SharePublisher _publisher;
    private readonly TaskCompletionSource _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationToken _last;

    public SharePublisherTests() => _publisher = new SharePublisher(ShareOneAsync, ShareManyAsync);

    [Fact]
    public async Task Files_that_come_while_a_request_is_under_way_go_into_the_next_one()
    {
        var first = ShareAsync("first");
        await WaitForAsync(1);
        var rest = Enumerable.Range(0, ShareFilesRequest.MaxFiles + 1).Select(i => ShareAsync($"{i}")).ToList();
        Assert.Single(_requests);

        Answer();

        Assert.Equal("first", (await first).Name);
        Assert.Equal(Enumerable.Range(0, rest.Count).Select(i => $"{i}"), (await Task.WhenAll(rest)).Select(file => file.Name));
        Assert.Equal([1, ShareFilesRequest.MaxFiles, 1], _requests.Select(request => request.Length));
    }

    [Fact]
    public async Task A_file_that_fails_fails_alone()
    {
        var first = ShareAsync("first");
        await WaitForAsync(1);
        var (bad, good) = (ShareAsync("bad"), ShareAsync("good"));

        Answer();

        await first;
        Assert.Equal("good", (await good).Name);
        Assert.Equal(ErrorCode.FileNameTaken, (await Assert.ThrowsAsync<P2PShareException>(() => bad)).Code);
    }

    [Fact]
    public async Task A_request_ends_when_nobody_waits_for_it_and_what_was_not_sent_is_not_shared()
    {
        using var cancelled = new CancellationTokenSource();
        var first = ShareAsync("first", cancelled.Token);
        await WaitForAsync(1);
        var second = ShareAsync("second", cancelled.Token);
        var third = ShareAsync("third");
        Assert.False(_last.IsCancellationRequested);

        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Answer();
        Assert.Equal("third", (await third).Name);
        Assert.Equal([["first"], ["third"]], _requests);
    }

    private void Answer() => _answer.SetResult();

    private Task<FileResponse> ShareAsync(string name, CancellationToken cancellationToken = default) =>
        _publisher.ShareAsync("dev", new ShareFileRequest(name, 1, 65536, Hash256.Compute([1])), cancellationToken);

    private async Task WaitForAsync(int requests)
    {
        while (_requests.Count < requests)
        {
            await Task.Yield();
        }
    }

    private async Task<FileResponse> ShareOneAsync(string group, ShareFileRequest request, CancellationToken cancellationToken)
    {
        var outcome = (await ShareManyAsync(group, [request], cancellationToken)).Outcomes[0];
        return outcome.File ?? throw new P2PShareException(outcome.Code!, outcome.Detail!);
    }

    private async Task<ShareFilesResponse> ShareManyAsync(string group, IReadOnlyList<ShareFileRequest> files, CancellationToken cancellationToken)
    {
        _last = cancellationToken;
        _requests.Add([.. files.Select(file => file.Name)]);
        await _answer.Task.WaitAsync(cancellationToken);
        return new ShareFilesResponse([.. files.Select(file => file.Name == "bad"
            ? new ShareFileOutcome(null, ErrorCode.FileNameTaken, "taken")
            : new ShareFileOutcome(new FileResponse(Guid.Empty, group, file.Name, file.Size, file.PieceLength, file.PiecesRoot, "alice", 0, DateTimeOffset.UnixEpoch)))]);
    }
}
