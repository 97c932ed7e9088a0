using System.Collections.Concurrent;
using System.Management.Automation;
using System.Security.Cryptography;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;
using Xunit.Abstractions;

namespace P2PShare.Integration.Transfer;

/// <summary>
/// Two trackers, real processes on one database, and the one in use is killed (kill -9) again and again, in the middle of
/// downloads, of a loop of Get-P2PFile and of a Watch-P2PEvent: all of them continue.
/// </summary>
public sealed class TrackerKillTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Rounds = 5;

    // Heartbeats that follow a kill arrive soon.
    private static readonly string[] Settings = ["--Tracker:AnnounceInterval=00:00:02"];
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly List<TrackerProcess> _trackers = [];

    public async Task InitializeAsync()
    {
        for (var i = 0; i < 2; i++)
        {
            _trackers.Add(await TrackerProcess.StartAsync(_folder.Path, Settings));
        }
    }

    public async Task DisposeAsync()
    {
        foreach (var tracker in _trackers)
        {
            await tracker.DisposeAsync();
        }

        await TestDatabase.DropAsync(_folder.Combine("data"));
        _folder.Dispose();
    }

    [TrackerFact]
    public async Task Downloads_calls_and_events_continue_whichever_tracker_is_killed()
    {
        TrackerAddress[] lines = [.. _trackers.Select(tracker => tracker.Address)];
        var info = _folder.Combine("lines.txt");
        await File.WriteAllLinesAsync(info, lines.Select(line => $"{line.Authority} {line.Fingerprint}"));

        // Alice has the file, and is slow; Bob and Carol fetch it, from her and from each other.
        var content = RandomNumberGenerator.GetBytes(12_000_000);
        await using var alice = await TestPeer.StartAsync(lines, "alice", null, new PeerServerOptions { UploadLimit = 80_000 });
        await using var bob = await TestPeer.StartAsync(lines, "bob", alice);
        await using var carol = await TestPeer.StartAsync(lines, "carol", alice);
        var file = await alice.ShareAsync("data.bin", content);
        Download[] downloads = [bob.Receive(file), carol.Receive(file)];
        await Eventually.HoldsAsync(() => downloads.All(download => download.Progress.PiecesVerified > 0), "pieces come");

        using var reader = NewShell(info);
        using var watcher = NewShell(info);
        using var end = new ManualResetEventSlim();
        var listed = new ConcurrentQueue<int>();
        var reading = Task.Run(() => reader.Run(
            "while (-not $end.Wait(20)) { $listed.Enqueue(@(Get-P2PFile -Group dev -ErrorAction Stop).Count) }", ("end", end), ("listed", listed)));
        using var watch = PowerShell.Create(watcher.Runspace);
        watch.AddScript("Watch-P2PEvent -Group dev -Kind FileShared -Verbose");
        var events = new PSDataCollection<PSObject>();
        var watching = watch.InvokeAsync<PSObject, PSObject>(null, events);
        await Eventually.HoldsAsync(() => watch.Streams.Verbose.Count > 0, "it watches");

        var moves = 0;
        alice.Client.Moved += () => Interlocked.Increment(ref moves);
        var shared = new List<string>();
        for (var round = 0; round < Rounds; round++)
        {
            var used = Array.IndexOf(lines, alice.Client.Address);
            await ShareAsync();
            await Task.WhenAll(_trackers[used].KillAsync(), ShareAsync(), bob.Client.ListFilesAsync(TestPeer.Group, ListQuery.All, CancellationToken.None).ReadAllAsync());
            var killed = DateTimeOffset.UtcNow;
            await ShareAsync();

            Assert.NotEqual(lines[used], alice.Client.Address);
            var before = listed.Count;
            await Eventually.HoldsAsync(() => listed.Count > before + 10 || reading.IsCompleted, "Get-P2PFile goes on");
            await Eventually.HoldsAsync(
                async () => (await carol.Client.ListPeersAsync(TestPeer.Group, ListQuery.All, CancellationToken.None).ReadAllAsync()).Count(peer => peer.LastSeen >= killed) == 3,
                "all three have announced themselves at the survivor");
            await Eventually.HoldsAsync(() => events.Count == shared.Count, "the watch goes on");
            Assert.All(downloads, download => Assert.Equal(DownloadState.Running, download.State));

            _trackers[used] = await TrackerProcess.RestartAsync(_folder.Path, lines[used].Port, Settings);
        }

        alice.Server.UploadLimit = null;
        await Task.WhenAll(downloads.Select(download => download.Completion)).WaitAsync(Limit);
        end.Set();
        await reading.WaitAsync(Limit);
        watch.Stop();
        await watching.ContinueWith(_ => { }, TaskScheduler.Default);

        Assert.Equal(content, await File.ReadAllBytesAsync(bob.DestinationOf("data.bin")));
        Assert.Equal(content, await File.ReadAllBytesAsync(carol.DestinationOf("data.bin")));
        Assert.Empty(reader.Errors);
        Assert.Empty(watch.Streams.Error);
        Assert.Equal(shared, [.. Enumerable.Range(0, events.Count).Select(index => (string)events[index].Properties["Name"].Value)]);
        Assert.Equal(Rounds, moves);
        Assert.All(new[] { alice, bob, carol }, peer => Assert.Empty(peer.Warnings));
        output.WriteLine($"{Rounds} kills, {listed.Count} calls of Get-P2PFile, {shared.Count} events, 2 downloads of {content.Length} bytes; no failure.");

        async Task ShareAsync()
        {
            var name = $"event {shared.Count}";
            shared.Add(name);
            await alice.Client.ShareFileAsync(TestPeer.Group, new ShareFileRequest(name, 1000, 65536, TestUser.RandomHash()), CancellationToken.None);
        }
    }

    private static TestShell NewShell(string info)
    {
        var shell = new TestShell();
        shell.Succeed(
            "$null = Connect-P2PTracker -TrackerInfo $info -UserName bob -Password $password -StatePath $state", ("info", info));
        return shell;
    }
}
