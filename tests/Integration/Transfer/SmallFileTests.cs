using System.Diagnostics;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;

namespace P2PShare.Integration.Transfer;

/// <summary>Many small files at once, which are fetched together, over real connections.</summary>
public sealed class SmallFileTests : IAsyncLifetime
{
    private const int Count = 300;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly byte[][] _contents = [.. Enumerable.Range(0, Count).Select(Make)];
    private TestTracker _tracker = null!;
    private TestPeer _alice = null!;
    private TestPeer _bob = null!;
    private TestPeer _carol = null!;
    private FileResponse[] _files = [];

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync(options => options.AnnounceInterval = TimeSpan.FromSeconds(1));
        var options = new PeerServerOptions { SourceTimeout = TimeSpan.FromSeconds(10), StallTimeout = TimeSpan.FromSeconds(8) };
        _alice = await TestPeer.StartAsync(_tracker, "alice", null, options);
        _bob = await TestPeer.StartAsync(_tracker, "bob", _alice, options);
        _carol = await TestPeer.StartAsync(_tracker, "carol", _alice, options);
        _files = new FileResponse[Count];
        await Parallel.ForAsync(0, Count, async (i, _) => _files[i] = await _alice.ShareAsync($"sub/{i}.bin", _contents[i]));
    }

    public async Task DisposeAsync()
    {
        await _carol.DisposeAsync();
        await _bob.DisposeAsync();
        await _alice.DisposeAsync();
        await _tracker.DisposeAsync();
    }

    [Fact]
    public async Task They_arrive_are_recorded_and_are_served_on_also_after_a_restart()
    {
        Assert.All(await ReceiveAsync(_bob), Assert.Null);

        AssertReceived(_bob, Enumerable.Range(0, Count));
        lock (_alice.Uploads)
        {
            Assert.Equal(
                _files.Select(file => (file.Name, file.Size)).Order(), _alice.Uploads.Select(upload => (upload.FileName, upload.Bytes)).Order());
            Assert.All(_alice.Uploads, upload => Assert.Equal(("bob", TestPeer.Group, true), (upload.UserName, upload.Group, upload.Complete)));
        }

        var saved = await new DownloadStore(_bob.State, _bob.Client.Account).GetAllAsync(CancellationToken.None);
        Assert.Equal(Count, saved.Count);
        Assert.All(saved, download => Assert.Equal((DownloadState.Complete, download.Request.Content.Size), (download.State, download.BytesVerified)));
        Assert.All(_bob.Server.Downloads.GetAll(), download => Assert.Equal(
            (DownloadState.Complete, download.Request.Content.Size), (download.State, download.Progress.BytesVerified)));

        await _bob.RestartServerAsync();
        await _alice.StopServerAsync();
        Assert.All(await ReceiveAsync(_carol), Assert.Null);
        AssertReceived(_carol, Enumerable.Range(0, Count));
    }

    [Fact]
    public async Task They_come_from_several_sources()
    {
        Assert.All(await ReceiveAsync(_carol), Assert.Null);
        await Eventually.HoldsAsync(
            async () => (await _bob.Client.ListFilesAsync(TestPeer.Group, ListQuery.All, CancellationToken.None).ReadAllAsync()).All(file => file.Sources == 2),
            "the tracker knows both");
        (_alice.Server.UploadLimit, _carol.Server.UploadLimit) = (1_000_000, 1_000_000);

        Assert.All(await ReceiveAsync(_bob), Assert.Null);

        AssertReceived(_bob, Enumerable.Range(0, Count));
        Assert.Contains(_carol.Uploads, upload => upload.UserName == "bob");
        Assert.Contains(_alice.Uploads, upload => upload.UserName == "bob");
        Assert.Equal(Count, _alice.Uploads.Concat(_carol.Uploads).Count(upload => upload.UserName == "bob"));
    }

    [Fact]
    public async Task A_source_that_ends_in_the_middle_and_comes_back_is_used_again()
    {
        _alice.Server.UploadLimit = 500_000;
        var receiving = ReceiveAsync(_bob);
        await Eventually.HoldsAsync(() => CountReceived(_bob) > 10, "some files are there");

        await _alice.StopServerAsync();
        Assert.InRange(CountReceived(_bob), 11, Count - 1);
        await _alice.RestartServerAsync();

        Assert.All(await receiving, Assert.Null);
        AssertReceived(_bob, Enumerable.Range(0, Count));
    }

    [Fact]
    public async Task After_a_stop_in_the_middle_there_are_whole_files_only_and_the_same_requests_fetch_the_rest()
    {
        _alice.Server.UploadLimit = 500_000;
        var batch = Start(_bob);
        await Eventually.HoldsAsync(() => CountReceived(_bob) > 10, "some files are there");
        await batch.StopAsync();
        var before = Received(_bob);
        AssertReceived(_bob, before);
        Assert.InRange(before.Count, 11, Count - 1);
        Assert.Contains(_bob.Server.Downloads.GetAll(), download => download.State == DownloadState.Stopped);
        _alice.Server.UploadLimit = null;

        var faults = await ReceiveAsync(_bob);

        Assert.Equal(before.Count, faults.Count(fault => fault?.Code == ErrorCode.DestinationExists));
        Assert.Equal(Count - before.Count, faults.Count(fault => fault is null));
        AssertReceived(_bob, Enumerable.Range(0, Count));
    }

    [Fact]
    public async Task Access_that_is_revoked_in_the_middle_ends_them()
    {
        _alice.Server.UploadLimit = 300_000;
        var receiving = ReceiveAsync(_bob);
        await Eventually.HoldsAsync(() => CountReceived(_bob) > 10, "some files are there");

        await _bob.Client.LeaveGroupAsync(TestPeer.Group, CancellationToken.None);

        var faults = await receiving;
        Assert.Contains(faults, fault => fault is { Code: ErrorCode.NotMember or ErrorCode.NoSourceOnline });
        var received = Received(_bob);
        Assert.Equal(received.Count, faults.Count(fault => fault is null));
        Assert.InRange(received.Count, 11, Count - 1);
        AssertReceived(_bob, received);
    }

    [Fact]
    public async Task The_limits_of_both_sides_count_them()
    {
        var total = _contents.Sum(content => content.Length);
        _alice.Server.UploadLimit = total / 3;
        var watch = Stopwatch.StartNew();
        Assert.All(await ReceiveAsync(_bob), Assert.Null);
        Assert.InRange(watch.Elapsed, TimeSpan.FromSeconds(2.5), Limit);

        _alice.Server.UploadLimit = null;
        _carol.Server.DownloadLimit = total / 3;
        await _bob.StopServerAsync();
        watch.Restart();
        Assert.All(await ReceiveAsync(_carol), Assert.Null);
        Assert.InRange(watch.Elapsed, TimeSpan.FromSeconds(1.5), Limit);
    }

    [Fact]
    public async Task A_file_that_changed_since_it_was_shared_is_not_served_and_the_others_are()
    {
        var path = Path.Combine(_alice.Folder, "sub", "7.bin");
        var written = File.GetLastWriteTimeUtc(path);
        var changed = _contents[7].ToArray();
        changed[0] ^= 1;
        await File.WriteAllBytesAsync(path, changed);
        File.SetLastWriteTimeUtc(path, written);

        var faults = await ReceiveAsync(_bob);

        Assert.NotNull(faults[7]);
        Assert.Equal(Count - 1, faults.Count(fault => fault is null));
        AssertReceived(_bob, Enumerable.Range(0, Count).Except([7]));
    }

    [Fact]
    public async Task Existing_files_stay_unless_they_are_to_be_replaced()
    {
        _bob.MakeFile("received/sub/3.bin", [1, 2, 3]);
        Assert.Equal(ErrorCode.DestinationExists, (await ReceiveAsync(_bob))[3]?.Code);
        Assert.Equal([1, 2, 3], await File.ReadAllBytesAsync(_bob.DestinationOf("sub/3.bin")));

        Assert.All(await ReceiveAsync(_bob, overwrite: true), Assert.Null);

        AssertReceived(_bob, Enumerable.Range(0, Count));
    }

    private static byte[] Make(int number)
    {
        var content = new byte[1 + number * 7919 % 20_000];
        new Random(number).NextBytes(content);
        return content;
    }

    private DownloadBatch Start(TestPeer peer, bool overwrite = false)
    {
        var batch = new DownloadBatch(request => peer.Server.Downloads.Start(request), peer.Server.Completion, limit: 16);
        foreach (var file in _files)
        {
            batch.Start(new DownloadRequest(file.GroupIdentity, file.Name, file.Content, peer.DestinationOf(file.Name), overwrite), file);
        }

        return batch;
    }

    // The fault of each file in their order; null: it was received.
    private async Task<P2PShareException?[]> ReceiveAsync(TestPeer peer, bool overwrite = false)
    {
        var batch = Start(peer, overwrite);
        var faults = new P2PShareException?[Count];
        using var deadline = new CancellationTokenSource(Limit);
        while (!batch.IsEmpty)
        {
            while (batch.TryTake(out var outcome))
            {
                faults[Array.IndexOf(_files, (FileResponse)outcome.Target)] = outcome.Fault;
            }

            if (!batch.IsEmpty)
            {
                await batch.WaitAsync(deadline.Token);
            }
        }

        return faults;
    }

    private static int CountReceived(TestPeer peer) =>
        Directory.Exists(peer.DestinationOf("sub")) ? Directory.GetFiles(peer.DestinationOf("sub"), "*.bin").Length : 0;

    private static List<int> Received(TestPeer peer) =>
        [.. Directory.GetFiles(peer.DestinationOf("sub"), "*.bin").Select(path => int.Parse(Path.GetFileNameWithoutExtension(path), System.Globalization.CultureInfo.InvariantCulture))];

    private void AssertReceived(TestPeer peer, IEnumerable<int> numbers)
    {
        var wanted = numbers.ToList();
        Assert.Equal(wanted.Select(number => $"{number}.bin").Order(), Directory.GetFiles(peer.DestinationOf("sub")).Select(Path.GetFileName).Where(name => !name!.EndsWith(".p2ppart", StringComparison.Ordinal)).Order());
        Assert.All(wanted, number => Assert.Equal(_contents[number], File.ReadAllBytes(peer.DestinationOf($"sub/{number}.bin"))));
    }
}
