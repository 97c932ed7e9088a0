using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;
using static P2PShare.Unit.Transfer.Downloading.TestContent;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class DownloadListTests
{
    private readonly TestContent _content = Make(4 * 64 * KiB, 64 * KiB);
    private readonly FakeSwarm _swarm;
    private readonly SwarmPeer _silent;
    private readonly DownloadList _list;

    public DownloadListTests()
    {
        _swarm = new FakeSwarm(_content, new FakeTimeProvider());
        _silent = new SwarmPeer(_content, 1) { SendsNoBlocks = true };
        _list = new DownloadList(_swarm.Dependencies);
    }

    private DownloadRequest Request => _swarm.Request;

    [Fact]
    public async Task Comparisons_end_with_the_peer_server()
    {
        _swarm.With(new SwarmPeer(_content, 2) { IsSilent = true });
        var comparing = _list.CompareAsync(Request, hashed: null, 0, null, CancellationToken.None);
        await Eventually.HoldsAsync(() => _swarm.LookUps > 0, "it looks for sources");

        await _list.SuspendAllAsync();

        Assert.Equal(ErrorCode.PeerServerNotRunning, (await Assert.ThrowsAsync<P2PShareException>(() => comparing.WaitAsync(TimeSpan.FromSeconds(30)))).Code);
    }

    [Fact]
    public async Task The_same_request_twice_is_one_download()
    {
        var first = await StartSilentAsync();

        Assert.Same(first, _list.Start(Request));
        Assert.Same(first, Assert.Single(_list.GetAll()));
    }

    [Fact]
    public async Task The_same_request_resumes_one_that_is_suspended()
    {
        var first = await StartSilentAsync();
        await first.SuspendAsync();
        _swarm.With(new SwarmPeer(_content, 2));

        Assert.Same(first, _list.Start(Request));
        await first.Completion;
    }

    [Fact]
    public async Task A_request_for_other_attributes_takes_the_place_of_one_that_is_suspended()
    {
        var first = await StartSilentAsync();
        var others = Request with { Attributes = new EntryAttributes(DateTimeOffset.UnixEpoch, Executable: true) };
        Assert.Same(first, _list.Start(others));
        await first.SuspendAsync();
        _swarm.With(new SwarmPeer(_content, 2));

        var second = _list.Start(others);
        await second.Completion;

        Assert.NotSame(first, second);
        Assert.Equal(others.Attributes, _swarm.Part.Attributes);
    }

    [Fact]
    public async Task Another_request_for_the_destination_of_a_running_download_is_refused()
    {
        await StartSilentAsync();
        DownloadRequest[] others = [Request with { Group = TestIds.Group("ops") }, Request with { Overwrite = true }, Request with { Content = Make(5, 64 * KiB).Description }];

        Assert.All(others, other => Assert.Equal(
            ErrorCode.DestinationInUse, Assert.Throws<P2PShareException>(() => _list.Start(other)).Code));
        Assert.Single(_list.GetAll());
    }

    [Fact]
    public async Task Another_request_replaces_an_unfinished_download_that_does_not_run()
    {
        var first = await StartSilentAsync();
        await first.StopAsync();

        var second = _list.Start(Request with { Group = TestIds.Group("ops") });

        Assert.NotSame(first, second);
        Assert.Same(second, Assert.Single(_list.GetAll()));
        Assert.Contains("remove 1", _swarm.Store.Log);
        await second.StopAsync();
    }

    [Fact]
    public async Task A_finished_download_stays_beside_a_new_one_into_the_same_destination()
    {
        _swarm.With(new SwarmPeer(_content, 2));
        var first = _list.Start(Request);
        await first.Completion;

        _swarm.With(new SwarmPeer(_content, 3));
        var second = _list.Start(Request);
        await second.Completion;

        Assert.Equal([first, second], _list.GetAll());
        Assert.DoesNotContain("remove 1", _swarm.Store.Log);
    }

    [Fact]
    public void A_destination_that_exists_is_refused()
    {
        var folder = Assert.Throws<P2PShareException>(() => _list.Start(Request with { Destination = Path.GetTempPath() }));
        var file = Assert.Throws<P2PShareException>(() => _list.Start(Request with { Destination = typeof(DownloadListTests).Assembly.Location }));

        Assert.Equal((ErrorCode.DestinationInvalid, ErrorCode.DestinationExists), (folder.Code, file.Code));
        Assert.Empty(_list.GetAll());
        Assert.Empty(_swarm.Store.Log);
    }

    [Fact]
    public async Task A_removed_download_is_stopped_and_its_part_deleted()
    {
        var download = await StartSilentAsync();

        await _list.RemoveAsync(download);

        Assert.Empty(_list.GetAll());
        Assert.Equal(DownloadState.Stopped, download.State);
        Assert.Equal("remove data.bin Stopped", _swarm.Store.Log[^1]);
        Assert.NotSame(download, _list.Start(Request));
    }

    [Fact]
    public void Those_of_earlier_shells_are_listed_and_none_of_them_runs()
    {
        _swarm.Store.Saved.AddRange([Saved("a", DownloadState.Running), Saved("b", DownloadState.Failed), Saved("c", DownloadState.Complete)]);

        _list.Load();

        Assert.Equal([DownloadState.Suspended, DownloadState.Failed, DownloadState.Complete], _list.GetAll().Select(download => download.State));
        Assert.Equal(["a", "b", "c"], _list.GetAll().Select(download => download.Request.Name));
        Assert.All(_list.GetAll(), download => Assert.False(download.HasRun));
    }

    [Fact]
    public async Task The_oldest_complete_ones_are_forgotten_and_no_other()
    {
        _swarm.Store.Saved.Add(Saved("failed", DownloadState.Failed));
        _swarm.Store.Saved.AddRange(Enumerable.Range(0, DownloadList.MaxComplete + 2).Select(i => Saved($"{i}", DownloadState.Complete)));
        _list.Load();

        await StartSilentAsync();

        Assert.Equal(["failed", "2", "3"], _list.GetAll().Take(3).Select(download => download.Request.Name));
        Assert.Equal(DownloadList.MaxComplete + 2, _list.GetAll().Count);
        Assert.Single(_swarm.Store.Log, "remove 2");
    }

    [Fact]
    public void One_that_another_shell_ran_since_is_taken_over_as_that_shell_left_it()
    {
        var saved = Saved("a", DownloadState.Suspended);
        _swarm.Store.Saved.AddRange([saved, Saved("b", DownloadState.Suspended)]);
        _list.Load();
        var loaded = _list.GetAll()[0];

        var taken = _list.Get(saved with { State = DownloadState.Running, BytesVerified = 128 * KiB });

        Assert.NotSame(loaded, taken);
        Assert.Equal((DownloadState.Suspended, 128 * KiB), (taken.State, taken.Progress.BytesVerified));
        Assert.Equal(2, _list.GetAll().Count);
        Assert.Contains(taken, _list.GetAll());
    }

    [Fact]
    public async Task One_that_ran_here_is_returned_as_it_is()
    {
        var download = await StartSilentAsync();

        Assert.Same(download, _list.Get(new SavedDownload(download.Id, Request, DownloadState.Failed, null, 0, default)));
    }

    [Fact]
    public async Task One_that_an_earlier_shell_left_is_resumed_by_the_same_request()
    {
        _swarm.Store.Saved.Add(new SavedDownload(Guid.NewGuid(), Request, DownloadState.Running, null, 64 * KiB, default));
        _list.Load();
        var left = Assert.Single(_list.GetAll());
        _swarm.With(new SwarmPeer(_content, 2));

        Assert.Same(left, _list.Start(Request));
        await left.Completion;
        Assert.Equal($"Running {64 * KiB}", _swarm.Store.Log[0]);
    }

    [Fact]
    public async Task Its_numbers_are_over_all_that_run()
    {
        Assert.Equal((0, 0, 0), (_list.ActiveCount, _list.SourceCount, _list.BytesPerSecond));
        await StartSilentAsync();
        Assert.Equal((1, 1, 0), (_list.ActiveCount, _list.SourceCount, _list.BytesPerSecond));

        await _list.SuspendAllAsync();

        Assert.Equal(DownloadState.Suspended, Assert.Single(_list.GetAll()).State);
        Assert.Equal((0, 0, 0), (_list.ActiveCount, _list.SourceCount, _list.BytesPerSecond));
    }

    private SavedDownload Saved(string name, DownloadState state) =>
        new(Guid.NewGuid(), Request with { Name = name, Destination = Request.Destination + name }, state, null, 0, default);

    private async Task<Download> StartSilentAsync()
    {
        _swarm.With(_silent);
        var download = _list.Start(Request);
        await _silent.Requested;
        return download;
    }
}
