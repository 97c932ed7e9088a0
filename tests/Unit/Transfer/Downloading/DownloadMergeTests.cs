using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class DownloadMergeTests
{
    [Fact]
    public void Saved_downloads_keep_their_order_and_meet_the_ones_that_run()
    {
        var (a, b, c) = (Saved("a"), Saved("b"), Saved("c"));
        var live = Live(b);

        var merged = DownloadMerge.Merge([a, b, c], [live]);

        Assert.Equal([(a, null), (b, live), (c, (FakeDownload?)null)], merged);
    }

    [Fact]
    public void A_download_that_a_peer_server_only_loaded_is_taken_as_it_is_saved()
    {
        var saved = Saved("a");

        var merged = DownloadMerge.Merge([saved], [Live(saved, hasRun: false)]);

        Assert.Equal((saved, (FakeDownload?)null), Assert.Single(merged));
    }

    [Fact]
    public void What_runs_is_listed_even_if_it_could_not_be_saved()
    {
        var running = new FakeDownload(FakeDownload.NewRequest("running"));
        var ended = new FakeDownload(FakeDownload.NewRequest("ended")) { State = DownloadState.Complete };

        var (saved, live) = Assert.Single(DownloadMerge.Merge([], new[] { running, ended }));

        Assert.Equal(running, live);
        Assert.Equal((running.Id, running.Request, DownloadState.Running), (saved.Id, saved.Request, saved.State));
    }

    [Theory]
    [InlineData(DownloadState.Running, false, DownloadState.Suspended)]
    [InlineData(DownloadState.Running, true, DownloadState.Running)]
    [InlineData(DownloadState.Failed, false, DownloadState.Failed)]
    [InlineData(DownloadState.Stopped, true, DownloadState.Stopped)]
    public void A_download_left_running_is_suspended_unless_a_process_writes_to_it(DownloadState state, bool isHeld, DownloadState expected) =>
        Assert.Equal(expected, DownloadMerge.StateOf(Saved("a") with { State = state }, null, isHeld));

    [Fact]
    public void The_state_of_a_download_that_runs_here_is_its_own() =>
        Assert.Equal(DownloadState.Failed, DownloadMerge.StateOf(
            Saved("a"), new FakeDownload(FakeDownload.NewRequest("a")) { State = DownloadState.Failed }, isHeld: true));

    private static SavedDownload Saved(string name) =>
        new(Guid.NewGuid(), FakeDownload.NewRequest(name), DownloadState.Running, null, 0, DateTimeOffset.UnixEpoch);

    private static FakeDownload Live(SavedDownload saved, bool hasRun = true) => new(saved.Request) { Id = saved.Id, HasRun = hasRun };
}
