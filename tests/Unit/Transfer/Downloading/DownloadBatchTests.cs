using P2PShare.Protocol;
using P2PShare.Transfer.Downloading;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class DownloadBatchTests
{
    private readonly List<FakeDownload> _downloads = [];
    private readonly TaskCompletionSource _serverStopped = new();

    [Fact]
    public void As_many_downloads_run_at_a_time_as_the_limit_allows()
    {
        var batch = NewBatch(limit: 2);

        Start(batch, "a", size: 100_000);
        Assert.True(batch.HasRoom);
        Start(batch, "b", size: 100_000);
        Assert.False(batch.HasRoom);
        _downloads[0].Complete();
        Assert.Equal("a", Take(batch).Request.Name);

        Assert.True(batch.HasRoom);
    }

    [Fact]
    public void Small_downloads_have_room_of_their_own()
    {
        var batch = NewBatch(limit: 1);
        for (var i = 0; i < DownloadBatch.MaxSmall; i++)
        {
            Assert.True(batch.HasRoom);
            Start(batch, $"{i}", size: 65_536);
        }

        Assert.False(batch.HasRoom);
        _downloads[7].Complete();
        Take(batch);

        Assert.True(batch.HasRoom);
        Start(batch, "large", size: 65_537);
        Assert.False(batch.HasRoom);
    }

    [Fact]
    public void A_small_download_with_a_limit_of_its_own_is_one_like_any_other()
    {
        var batch = NewBatch(limit: 1, fileLimit: 1000);

        Start(batch, "a");

        Assert.False(batch.HasRoom);
    }

    [Fact]
    public async Task A_download_that_was_resumed_before_its_failure_was_taken_ends_later()
    {
        var batch = NewBatch();
        Start(batch, "a");
        _downloads[0].Fail(new P2PShareException(ErrorCode.NoSourceOnline, "No source."));
        _downloads[0].Resume();

        Assert.False(batch.TryTake(out _));
        var waiting = batch.WaitAsync(CancellationToken.None);
        _downloads[0].Complete();
        await waiting;

        Assert.Null(Take(batch).Fault);
    }

    [Fact]
    public void An_outcome_is_taken_as_soon_as_its_download_ends_with_the_target_of_its_request()
    {
        var batch = NewBatch();
        Start(batch, "a", "target a");
        Start(batch, "b", "target b");
        Assert.False(batch.TryTake(out _));

        _downloads[1].Complete();

        var outcome = Take(batch);
        Assert.Equal(("b", "target b", null), (outcome.Request.Name, outcome.Target, outcome.Fault));
        Assert.False(batch.TryTake(out _));
        Assert.False(batch.IsEmpty);
    }

    [Fact]
    public void A_download_that_fails_is_an_outcome_with_its_fault_and_the_others_run_on()
    {
        var batch = NewBatch();
        Start(batch, "a");
        Start(batch, "b");

        _downloads[0].Fail(new P2PShareException(ErrorCode.NoSourceOnline, "No source."));

        Assert.Equal(ErrorCode.NoSourceOnline, Take(batch).Fault!.Code);
        _downloads[1].Complete();
        Assert.Null(Take(batch).Fault);
        Assert.True(batch.IsEmpty);
    }

    [Fact]
    public async Task A_wait_that_is_given_up_leaves_nothing_behind_on_the_downloads()
    {
        var batch = NewBatch();
        Start(batch, "a");
        using var step = new CancellationTokenSource();
        var first = batch.WaitAsync(step.Token);
        var registered = _downloads[0].CompletionReads;
        await step.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);

        for (var i = 0; i < 100; i++)
        {
            using var next = new CancellationTokenSource();
            var wait = batch.WaitAsync(next.Token);
            await next.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        }

        Assert.Equal(registered, _downloads[0].CompletionReads);
        _downloads[0].Complete();
        await batch.WaitAsync(CancellationToken.None);
        Assert.Equal("a", Take(batch).Request.Name);
    }

    [Fact]
    public void A_request_is_known_once_it_was_started()
    {
        var batch = NewBatch();
        Assert.False(batch.IsKnown(FakeDownload.NewRequest("a")));
        Start(batch, "a");
        Assert.True(batch.IsKnown(FakeDownload.NewRequest("a")));
    }

    [Fact]
    public void A_download_that_cannot_start_is_an_outcome_and_takes_no_room()
    {
        var batch = new DownloadBatch(
            _ => throw new P2PShareException(ErrorCode.DestinationExists, "It exists."), _serverStopped.Task, limit: 1);

        Start(batch, "a", "target");

        Assert.True(batch.HasRoom);
        Assert.False(batch.IsEmpty);
        var outcome = Take(batch);
        Assert.Equal((ErrorCode.DestinationExists, "target"), (outcome.Fault!.Code, outcome.Target));
        Assert.True(batch.IsEmpty);
        Assert.Equal(1, batch.GetProgress().Failed);
    }

    [Fact]
    public void An_unexpected_exception_of_a_download_is_thrown_on()
    {
        var batch = NewBatch();
        Start(batch, "a");

        _downloads[0].Fail(new InvalidOperationException("A bug."));

        Assert.Equal("A bug.", Assert.Throws<InvalidOperationException>(() => batch.TryTake(out _)).Message);
    }

    [Fact]
    public void The_same_content_into_the_same_destination_is_received_once()
    {
        var batch = NewBatch();

        Start(batch, "a");
        Start(batch, "a");
        batch.Start(FakeDownload.NewRequest("a", destination: "/elsewhere/a"), "");

        Assert.Equal(["/in/a", "/elsewhere/a"], _downloads.Select(download => download.Request.Destination));
    }

    [Theory]
    [InlineData(null, 7L)]
    [InlineData(0L, null)]
    [InlineData(500L, 500L)]
    public void A_file_limit_is_set_removed_or_left_as_it_was(long? fileLimit, long? expected)
    {
        var batch = NewBatch(fileLimit: fileLimit);

        Start(batch, "a");

        Assert.Equal(expected, _downloads[0].Limit);
    }

    [Fact]
    public void Downloads_that_a_stopped_peer_server_leaves_suspended_fail()
    {
        var batch = NewBatch();
        Start(batch, "a");
        Start(batch, "b");
        _downloads[1].Complete();

        _serverStopped.SetResult();

        Assert.Null(Take(batch).Fault);
        var outcome = Take(batch);
        Assert.Equal(("a", ErrorCode.PeerServerNotRunning), (outcome.Request.Name, outcome.Fault!.Code));
        Assert.True(batch.IsEmpty);
    }

    [Fact]
    public async Task A_wait_ends_when_a_download_or_the_peer_server_ends()
    {
        var batch = NewBatch();
        Start(batch, "a");
        Start(batch, "b");

        var wait = batch.WaitAsync(CancellationToken.None);
        Assert.False(wait.IsCompleted);
        _downloads[1].Complete();
        await wait;

        Take(batch);
        wait = batch.WaitAsync(CancellationToken.None);
        Assert.False(wait.IsCompleted);
        _serverStopped.SetResult();
        await wait;
    }

    [Fact]
    public async Task A_wait_ends_with_its_token_and_at_once_if_an_outcome_is_there()
    {
        using var cancelled = new CancellationTokenSource();
        var batch = NewBatch();
        Start(batch, "a");
        var wait = batch.WaitAsync(cancelled.Token);

        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        var failing = new DownloadBatch(_ => throw new P2PShareException(ErrorCode.DiskFull, "Full."), _serverStopped.Task, limit: 1);
        Start(failing, "b");
        await failing.WaitAsync(CancellationToken.None);
    }

    [Fact]
    public void Progress_counts_what_is_finished_and_what_runs_and_forgets_what_failed()
    {
        var batch = NewBatch();
        Start(batch, "a", size: 100);
        Start(batch, "b", size: 200);
        Start(batch, "c", size: 400);
        _downloads[0].Progress = new DownloadProgress(100, 100, 1, 1, 0, null, BytesFetched: 120, 0);
        _downloads[1].Progress = new DownloadProgress(50, 200, 0, 1, 0, null, BytesFetched: 30, 2);
        _downloads[2].Progress = new DownloadProgress(10, 400, 0, 1, 0, null, BytesFetched: 10, 2);

        _downloads[0].Complete();
        _downloads[2].Fail(new P2PShareException(ErrorCode.NoSourceOnline, "No source."));
        Take(batch);
        Take(batch);

        var progress = batch.GetProgress();
        Assert.Equal((150, 300, 160), (progress.BytesVerified, progress.BytesTotal, progress.BytesFetched));
        Assert.Equal((1, 3, 1), (progress.Finished, progress.Started, progress.Failed));
        Assert.Equal(_downloads[1], Assert.Single(progress.Running).Download);
    }

    [Fact]
    public async Task A_stop_stops_what_runs_and_leaves_nothing()
    {
        var batch = NewBatch();
        Start(batch, "a");
        Start(batch, "b");
        _downloads[0].Complete();
        Take(batch);

        await batch.StopAsync();

        Assert.Equal([false, true], _downloads.Select(download => download.IsStopped));
        Assert.True(batch.IsEmpty);
    }

    private static void Start(DownloadBatch batch, string name, string target = "", long size = 1000) =>
        batch.Start(FakeDownload.NewRequest(name, size), target);

    private static DownloadOutcome Take(DownloadBatch batch)
    {
        Assert.True(batch.TryTake(out var outcome));
        return outcome;
    }

    private DownloadBatch NewBatch(int limit = 16, long? fileLimit = null) => new(
        request =>
        {
            _downloads.Add(new FakeDownload(request));
            return _downloads[^1];
        },
        _serverStopped.Task,
        limit)
    {
        FileLimit = fileLimit,
    };
}
