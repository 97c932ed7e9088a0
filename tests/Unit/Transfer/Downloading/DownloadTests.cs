using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;
using static P2PShare.Unit.Transfer.Downloading.TestContent;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>The states of a download. A silent peer keeps it running as long as the test needs.</summary>
public sealed class DownloadTests
{
    private readonly TestContent _content = Make(4 * 64 * KiB, 64 * KiB);
    private readonly FakeSwarm _swarm;
    private readonly SwarmPeer _silent;

    public DownloadTests()
    {
        _swarm = new FakeSwarm(_content, new FakeTimeProvider());
        _silent = new SwarmPeer(_content, 1) { SendsNoBlocks = true };
    }

    [Fact]
    public async Task It_completes()
    {
        _swarm.With(new SwarmPeer(_content, 2));
        var download = Create();
        Assert.False(download.HasRun);
        download.Start();

        await download.Completion;

        Assert.Equal(DownloadState.Complete, download.State);
        Assert.True(download.HasRun);
        Assert.Null(download.Error);
        Assert.Equal(_content.Bytes.Length, download.Progress.BytesVerified);
        Assert.Equal(_content.Bytes, _swarm.Part.Finished);
        Assert.Equal([$"Complete {_content.Bytes.Length}"], _swarm.Store.Log);
    }

    [Fact]
    public async Task A_suspended_one_stays_open_and_completes_after_a_resume()
    {
        var download = await StartSilentAsync();
        var completion = download.Completion;
        Assert.Equal(DownloadState.Running, download.State);
        Assert.Equal(1, download.Progress.Sources);

        await download.SuspendAsync();
        Assert.Equal(DownloadState.Suspended, download.State);
        Assert.False(completion.IsCompleted);
        Assert.False(_swarm.Part.IsOpen);

        _swarm.With(new SwarmPeer(_content, 2));
        download.Resume();
        await completion;
        Assert.Equal(DownloadState.Complete, download.State);
        // The session itself records how far it is when it is cancelled.
        Assert.Equal(["Running 0", "Suspended 0", "Running 0", $"Complete {_content.Bytes.Length}"], _swarm.Store.Log);
    }

    [Fact]
    public async Task A_stopped_one_throws_and_completes_after_a_resume()
    {
        var download = await StartSilentAsync();

        await download.StopAsync();

        Assert.Equal(DownloadState.Stopped, download.State);
        var stopped = await Assert.ThrowsAsync<P2PShareException>(() => download.Completion);
        Assert.Equal(ErrorCode.DownloadStopped, stopped.Code);
        Assert.Null(download.Error);

        _swarm.With(new SwarmPeer(_content, 2));
        download.Resume();
        await download.Completion;
        Assert.Equal(DownloadState.Complete, download.State);
    }

    [Fact]
    public async Task A_suspended_one_can_be_stopped()
    {
        var download = await StartSilentAsync();
        var completion = download.Completion;
        await download.SuspendAsync();

        await download.StopAsync();

        Assert.Equal(DownloadState.Stopped, download.State);
        Assert.Equal(ErrorCode.DownloadStopped, (await Assert.ThrowsAsync<P2PShareException>(() => completion)).Code);
        Assert.Equal("Stopped 0", _swarm.Store.Log[^1]);
    }

    [Fact]
    public async Task A_failed_one_keeps_its_error_until_it_is_resumed()
    {
        _swarm.TrackerError = new P2PShareException(ErrorCode.NotMember, "You are not a member of the group.");
        var download = Create();
        download.Start();

        var error = await Assert.ThrowsAsync<P2PShareException>(() => download.Completion);

        Assert.Same(error, download.Error);
        Assert.Equal(DownloadState.Failed, download.State);
        Assert.Equal("Failed 0 NotMember", _swarm.Store.Log[^1]);

        _swarm.TrackerError = null;
        _swarm.With(new SwarmPeer(_content, 2));
        download.Resume();
        Assert.Null(download.Error);
        await download.Completion;
        Assert.Equal(DownloadState.Complete, download.State);
    }

    [Fact]
    public async Task An_unexpected_exception_becomes_an_error_that_names_the_file()
    {
        var download = new Download(_swarm.Dependencies with { OpenPart = _ => throw new InvalidOperationException("Odd.") }, Saved());
        download.Start();

        var error = await Assert.ThrowsAsync<P2PShareException>(() => download.Completion);

        Assert.Equal((ErrorCode.DownloadFailed, "The download of 'data.bin' failed: Odd."), (error.Code, error.Message));
        Assert.IsType<InvalidOperationException>(error.InnerException);
    }

    [Fact]
    public async Task Neither_a_running_nor_a_complete_one_is_started_again_by_a_resume()
    {
        var download = await StartSilentAsync();
        download.Resume();
        Assert.Equal(1, _swarm.LookUps);
        await download.SuspendAsync();
        _swarm.With(new SwarmPeer(_content, 2));
        download.Resume();
        await download.Completion;
        var lookUps = _swarm.LookUps;

        download.Resume();
        await download.StopAsync();
        await download.SuspendAsync();

        Assert.Equal((DownloadState.Complete, lookUps), (download.State, _swarm.LookUps));
    }

    [Fact]
    public async Task Many_resumes_and_suspends_run_one_session_at_a_time()
    {
        var download = await StartSilentAsync();
        for (var i = 0; i < 20; i++)
        {
            var suspended = download.SuspendAsync();
            download.Resume();
            await suspended;
            download.Resume();
        }

        // A second session would find the part in use and fail.
        await download.SuspendAsync();
        Assert.Equal(DownloadState.Suspended, download.State);
        Assert.DoesNotContain(_swarm.Store.Log, entry => entry.StartsWith("Failed", StringComparison.Ordinal));
    }

    [Fact]
    public void One_that_an_earlier_shell_left_shows_what_was_saved()
    {
        var download = new Download(_swarm.Dependencies, Saved(DownloadState.Suspended, bytes: 3 * 64 * KiB));

        Assert.Equal(new DownloadProgress(3 * 64 * KiB, 4 * 64 * KiB, 3, 4, 0, null, 0, 0), download.Progress);
        Assert.Equal(default, download.Times);
        Assert.False(download.Completion.IsCompleted);
    }

    [Fact]
    public async Task One_that_ended_in_an_earlier_shell_has_ended()
    {
        var complete = new Download(_swarm.Dependencies, Saved(DownloadState.Complete));
        var failed = new Download(_swarm.Dependencies, Saved(DownloadState.Failed, error: new P2PShareException(ErrorCode.DiskFull, "Full.")));
        var failedWithoutError = new Download(_swarm.Dependencies, Saved(DownloadState.Failed));
        var stopped = new Download(_swarm.Dependencies, Saved(DownloadState.Stopped));

        await complete.Completion;
        Assert.Equal((4 * 64 * KiB, 4), (complete.Progress.BytesVerified, complete.Progress.PiecesVerified));
        Assert.Equal("Full.", (await Assert.ThrowsAsync<P2PShareException>(() => failed.Completion)).Message);
        Assert.Equal("The download of 'data.bin' failed.", (await Assert.ThrowsAsync<P2PShareException>(() => failedWithoutError.Completion)).Message);
        Assert.Equal(ErrorCode.DownloadStopped, (await Assert.ThrowsAsync<P2PShareException>(() => stopped.Completion)).Code);
    }

    [Fact]
    public void Its_limit_is_a_positive_number_or_none()
    {
        var download = Create();
        Assert.Null(download.Limit);

        download.Limit = 1000;
        Assert.Equal(1000, download.Limit);
        Assert.Throws<ArgumentOutOfRangeException>(() => download.Limit = 0);
        download.Limit = null;
        Assert.Null(download.Limit);
    }

    [Fact]
    public async Task Its_times_end_with_it()
    {
        var clock = (FakeTimeProvider)_swarm.Dependencies.Clock;
        var download = await StartSilentAsync();
        clock.Advance(TimeSpan.FromMilliseconds(100));
        await download.SuspendAsync();
        clock.Advance(TimeSpan.FromSeconds(100));

        Assert.Equal(TimeSpan.FromMilliseconds(100), download.Times.Total);
    }

    private Download Create() => new(_swarm.Dependencies, Saved());

    private SavedDownload Saved(DownloadState state = DownloadState.Running, long bytes = 0, P2PShareException? error = null) =>
        new(Guid.NewGuid(), _swarm.Request, state, error, bytes, DateTimeOffset.UnixEpoch);

    private async Task<Download> StartSilentAsync()
    {
        _swarm.With(_silent);
        var download = Create();
        download.Start();
        await _silent.Requested;
        return download;
    }
}
