using System.Security.Cryptography;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer;

namespace P2PShare.Integration.Transfer;

/// <summary>Peers in processes of their own, ended by kill -9 at random moments.</summary>
public sealed class KillTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private TestTracker _tracker = null!;
    private TestPeer _alice = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _alice = await TestPeer.StartAsync(_tracker, "alice", null, new PeerServerOptions { SourceTimeout = TimeSpan.FromSeconds(60) });
    }

    public async Task DisposeAsync()
    {
        await _alice.DisposeAsync();
        await _tracker.DisposeAsync();
    }

    [Fact]
    public Task A_download_continues_from_a_source_that_is_killed_and_restarted_again_and_again()
    {
        const int Kills = 5;
        var random = new SeededRandom();
        return random.RunAsync(async () =>
        {
            var content = RandomNumberGenerator.GetBytes(12_000_000);
            await using var source = await ChildPeer.CreateAsync(_tracker, "source", _alice);
            var path = Path.Combine(source.Folder, "data.bin");
            await File.WriteAllBytesAsync(path, content);
            await source.StartAsync(uploadLimit: 2_000_000);
            await source.ShareAsync(path, "data.bin");
            var file = Assert.Single(await _alice.Client.ListFilesAsync(TestPeer.Group, ListQuery.All, CancellationToken.None).ReadAllAsync());
            var download = _alice.Receive(file);
            for (var kill = 0; kill < Kills; kill++)
            {
                // Killed while bytes flow: a source that was not found again yet would be killed for nothing.
                var before = download.Progress.BytesVerified;
                await Eventually.HoldsAsync(() => download.Progress.BytesVerified > before, $"bytes came after kill {kill}");
                await random.MomentAsync(TimeSpan.FromSeconds(0.8));
                await source.KillAsync();
                Assert.False(download.Completion.IsCompleted, "it was complete before the last kill");
                await source.StartAsync(kill == Kills - 1 ? null : 2_000_000);
            }

            await download.Completion.WaitAsync(Limit);
            Assert.Equal(content, await File.ReadAllBytesAsync(_alice.DestinationOf("data.bin")));
        });
    }

    [Fact]
    public Task A_receiver_that_is_killed_30_times_completes_the_file_and_fetches_little_twice()
    {
        const int Kills = 30;
        const int Rate = 1_500_000;
        // What a kill may cost: pieces of 64 KiB that were not whole, and what waited in the sockets.
        const int OnTheWay = 160 * 1024;
        // Too short for anything to be recorded, which happens every five seconds: one early life lasts until then.
        var longest = TimeSpan.FromSeconds(0.5);
        var random = new SeededRandom();
        return random.RunAsync(async () =>
        {
            var content = RandomNumberGenerator.GetBytes((int)(Rate * (Kills * longest.TotalSeconds + 8)));
            await _alice.ShareAsync("data.bin", content);
            _alice.Server.UploadLimit = Rate;
            await using var receiver = await ChildPeer.CreateAsync(_tracker, "receiver", _alice);
            var destination = Path.Combine(receiver.Folder, "data.bin");
            var part = new FileInfo(destination + ".p2ppart");
            var recordedAt = random.Random.Next(2, 6);
            for (var kill = 0; kill < Kills; kill++)
            {
                await receiver.StartAsync();
                await receiver.ReceiveAsync("data.bin", destination);
                if (kill == recordedAt)
                {
                    await Eventually.HoldsAsync(() => Length(part) > content.Length, "what was verified is recorded behind the content");
                }

                await random.MomentAsync(longest);
                await receiver.KillAsync();
                Assert.False(File.Exists(destination), $"it was complete before kill {kill}");
            }

            _alice.Server.UploadLimit = null;
            await receiver.StartAsync();
            await receiver.ReceiveAsync("data.bin", destination);

            Assert.Null(await receiver.EndOfReceiveAsync());
            Assert.Equal(content, await File.ReadAllBytesAsync(destination));
            Assert.InRange(_alice.Server.GetStatus().BytesUploaded, 1, content.Length + (long)Kills * OnTheWay);
        });
    }

    [Fact]
    public async Task Of_two_processes_that_receive_into_one_destination_one_completes_and_the_other_reports_why_it_cannot()
    {
        const int Rounds = 10;
        await using var first = await ChildPeer.CreateAsync(_tracker, "first", _alice);
        await using var second = await ChildPeer.CreateAsync(_tracker, "second", _alice);
        await Task.WhenAll(first.StartAsync(), second.StartAsync());
        using var folder = new TemporaryFolder();
        for (var round = 0; round < Rounds; round++)
        {
            var name = $"data{round}.bin";
            var content = RandomNumberGenerator.GetBytes(1_000_000);
            await _alice.ShareAsync(name, content);
            var destination = folder.Combine(name);

            await Task.WhenAll(first.ReceiveAsync(name, destination), second.ReceiveAsync(name, destination));
            var ends = await Task.WhenAll(first.EndOfReceiveAsync(), second.EndOfReceiveAsync());

            Assert.Single(ends, end => end is null);
            Assert.Contains(ends.Single(end => end is not null)!.Value.Code, new[] { ErrorCode.DestinationInUse, ErrorCode.DestinationExists });
            Assert.Equal(content, await File.ReadAllBytesAsync(destination));
        }
    }

    [Fact]
    public Task An_update_that_is_killed_30_times_completes_with_the_right_bytes()
    {
        const int Kills = 30;
        const int Rate = 200_000;
        var longest = TimeSpan.FromSeconds(0.4);
        var random = new SeededRandom();
        return random.RunAsync(async () =>
        {
            // 24 MB, of which every eighth block has changed: 3 MB are fetched.
            var content = RandomNumberGenerator.GetBytes(24_000_000);
            var old = content.ToArray();
            for (var block = 0; block < old.Length / 16_384; block += 8)
            {
                old[block * 16_384] ^= 1;
            }

            await _alice.ShareAsync("data.bin", content);
            _alice.Server.UploadLimit = Rate;
            await using var receiver = await ChildPeer.CreateAsync(_tracker, "receiver", _alice);
            var destination = Path.Combine(receiver.Folder, "data.bin");
            await File.WriteAllBytesAsync(destination, old);
            for (var kill = 0; kill < Kills; kill++)
            {
                await receiver.StartAsync();
                await receiver.ReceiveAsync("data.bin", destination, replace: true);
                await random.MomentAsync(longest);
                await receiver.KillAsync();
                Assert.True((await File.ReadAllBytesAsync(destination)).AsSpan().SequenceEqual(old), $"the old file was touched before kill {kill}");
            }

            _alice.Server.UploadLimit = null;
            await receiver.StartAsync();
            await receiver.ReceiveAsync("data.bin", destination, replace: true);

            Assert.Null(await receiver.EndOfReceiveAsync());
            Assert.Equal(content, await File.ReadAllBytesAsync(destination));
            Assert.InRange(_alice.Server.GetStatus().BytesUploaded, 1, content.Length / 2);
        });
    }

    private static long Length(FileInfo file)
    {
        file.Refresh();
        return file.Exists ? file.Length : 0;
    }
}
