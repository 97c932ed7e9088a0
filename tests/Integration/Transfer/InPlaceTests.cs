using System.Globalization;
using System.Security.Cryptography;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;
using Xunit.Abstractions;

namespace P2PShare.Integration.Transfer;

/// <summary>
/// Files that are updated in place, from a peer that has the next version. <c>P2PSHARE_KILLS</c> sets how often one update is killed; a few times in the ordinary run.
/// </summary>
public sealed class InPlaceTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Name = "image";

    private static readonly int Kills = int.TryParse(
        Environment.GetEnvironmentVariable("P2PSHARE_KILLS"), NumberStyles.None, CultureInfo.InvariantCulture, out var kills) ? kills : 5;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly byte[] _new = RandomNumberGenerator.GetBytes(12_000_000);
    private byte[] _old = [];
    private TestTracker _tracker = null!;
    private TestPeer _alice = null!;
    private TestPeer _bob = null!;
    private FileResponse _file = null!;

    private string Destination => _bob.DestinationOf(Name);

    private string Part => Destination + ".p2ppart";

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _alice = await TestPeer.StartAsync(_tracker, "alice", null);
        _bob = await TestPeer.StartAsync(_tracker, "bob", _alice, new PeerServerOptions { SourceTimeout = TimeSpan.FromSeconds(1) });
        _file = await _alice.ShareAsync(Name, _new);
        // A tenth of the pieces differs, and the old file was longer.
        _old = [.. _new, .. new byte[200_000]];
        for (var piece = 0; piece * _file.Content.PieceLength < _new.Length; piece += 10)
        {
            _old[piece * _file.Content.PieceLength] ^= 1;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Destination)!);
        await File.WriteAllBytesAsync(Destination, _old);
    }

    public async Task DisposeAsync()
    {
        await _bob.DisposeAsync();
        await _alice.DisposeAsync();
        await _tracker.DisposeAsync();
    }

    [Fact]
    public async Task Only_what_differs_is_fetched_into_the_file_itself()
    {
        var before = SafeFile.Find(Destination)!.Value;

        await Receive().Completion.WaitAsync(Limit);

        await AssertUpdatedAsync();
        Assert.InRange(_alice.Server.GetStatus().BytesUploaded, 1, _new.Length / 5);
        Assert.True(!OperatingSystem.IsLinux() || SafeFile.Find(Destination)!.Value.IsSameFile(before));
    }

    [Fact]
    public async Task Without_a_source_the_file_is_as_it_was()
    {
        await _alice.StopServerAsync();

        var error = await Assert.ThrowsAsync<P2PShareException>(() => Receive().Completion.WaitAsync(Limit));

        Assert.Equal(ErrorCode.NoSourceOnline, error.Code);
        Assert.DoesNotContain("in place", error.Message, StringComparison.Ordinal);
        Assert.Equal(_old, await File.ReadAllBytesAsync(Destination));
        Assert.False(File.Exists(Part));
    }

    [Fact]
    public async Task A_source_that_is_lost_in_the_middle_leaves_an_error_that_names_the_part_and_the_same_request_continues()
    {
        _alice.Server.UploadLimit = 200_000;
        var download = Receive();
        await Eventually.HoldsAsync(() => _bob.Server.GetStatus().BytesDownloaded > 200_000, "pieces came");
        await _alice.StopServerAsync();

        var error = await Assert.ThrowsAsync<P2PShareException>(() => download.Completion.WaitAsync(Limit));
        Assert.Equal(ErrorCode.NoSourceOnline, error.Code);
        Assert.Contains($"called '{Part}'", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Destination));

        // Another shell finds that it was in place, and the same request continues.
        await _bob.RestartServerAsync();
        Assert.True(Assert.Single(_bob.Server.Downloads.GetAll()).Request.InPlace);
        await _alice.RestartServerAsync();
        await Receive().Completion.WaitAsync(Limit);
        await AssertUpdatedAsync();
        Assert.Single(_bob.Server.Downloads.GetAll());
    }

    [Fact]
    public async Task What_was_received_from_the_file_is_not_offered_any_more_and_what_the_user_shares_is_refused()
    {
        var received = await _alice.ShareAsync("other", RandomNumberGenerator.GetBytes(300_000));
        await _bob.Receive(received).Completion.WaitAsync(Limit);
        File.Move(_bob.DestinationOf("other"), Destination, overwrite: true);
        var hashed = await FileHasher.HashAsync(Destination, null, CancellationToken.None);
        await _bob.Server.Shares.ShareAsync(hashed, TestPeer.Group, "own", replace: false, CancellationToken.None);

        var error = await Assert.ThrowsAsync<P2PShareException>(() => Receive().Completion.WaitAsync(Limit));
        Assert.Equal(ErrorCode.DestinationInUse, error.Code);
        Assert.Contains("'own'", error.Message, StringComparison.Ordinal);
        Assert.Equal(300_000, new FileInfo(Destination).Length);

        await _bob.Server.Shares.WithdrawAsync(TestPeer.Group, ["own"], CancellationToken.None);
        _bob.Server.Shares.Adopt(hashed, received.GroupIdentity, "other");
        await Receive().Completion.WaitAsync(Limit);
        await AssertUpdatedAsync();
        Assert.Empty(_bob.Warnings);
    }

    [Fact]
    public async Task What_was_received_from_a_file_that_was_not_changed_after_all_is_offered_again()
    {
        var received = await _alice.ShareAsync("other", RandomNumberGenerator.GetBytes(300_000));
        await _bob.Receive(received).Completion.WaitAsync(Limit);
        File.Move(_bob.DestinationOf("other"), Destination, overwrite: true);
        _bob.Server.Shares.Adopt(await FileHasher.HashAsync(Destination, null, CancellationToken.None), received.GroupIdentity, "other");
        IContentRegistry offered = _bob.Server.Shares;
        Assert.Equal([Destination], offered.FindPaths(received.GroupId));
        await _alice.StopServerAsync();

        await Assert.ThrowsAsync<P2PShareException>(() => Receive().Completion.WaitAsync(Limit));

        await _bob.Server.Shares.Restoring.WaitAsync(Limit);
        Assert.Equal([Destination], offered.FindPaths(received.GroupId));
        Assert.Empty(_bob.Warnings);
    }

    [LinuxFact]
    public async Task A_file_that_has_another_name_is_not_touched()
    {
        UnixFile.Link(Destination, Destination + ".other");

        var error = await Assert.ThrowsAsync<P2PShareException>(() => Receive().Completion.WaitAsync(Limit));

        Assert.Equal(ErrorCode.DestinationInvalid, error.Code);
        Assert.Equal(_old, await File.ReadAllBytesAsync(Destination));
    }

    [Fact]
    public Task An_update_that_is_killed_again_and_again_ends_in_the_right_bytes()
    {
        var random = new SeededRandom();
        return random.RunAsync(async () =>
        {
            // Half of each piece is other bytes: at this speed more than all kills leave time for.
            var length = _file.Content.PieceLength;
            for (var begin = 0; begin < _new.Length; begin += length)
            {
                _old.AsSpan(begin, Math.Min(length / 2, _new.Length - begin)).Fill(1);
            }

            _alice.Server.UploadLimit = 200_000;
            await using var receiver = await ChildPeer.CreateAsync(_tracker, "receiver", _alice);
            var destination = Path.Combine(receiver.Folder, Name);
            await File.WriteAllBytesAsync(destination, _old);
            var done = 0;
            for (var kill = 1; kill <= Kills; kill++)
            {
                await receiver.StartAsync();
                var sent = _alice.Server.GetStatus().BytesUploaded;
                await receiver.UpdateAsync(Name, destination);
                if (kill % 2 == 0 && done < _file.Content.PieceCount / 2)
                {
                    // Else few kills come later than the hash of the old file.
                    await Eventually.HoldsAsync(() => _alice.Server.GetStatus().BytesUploaded > sent + (2 * length), "pieces came");
                }

                await random.MomentAsync(TimeSpan.FromSeconds(0.4));
                await receiver.KillAsync();
                // The old file, or what is in between under the part's name: never a mixture under the file's.
                var isWhole = File.Exists(destination);
                var bytes = await File.ReadAllBytesAsync(isWhole ? destination : destination + ".p2ppart");
                Assert.True(!isWhole || bytes.AsSpan().SequenceEqual(_old), $"It was complete, or a mixture, after kill {kill}.");
                // Each update continues where the one before was killed.
                var now = Enumerable.Range(0, _file.Content.PieceCount).Count(piece => IsNew(bytes, piece));
                output.WriteLine($"kill {kill}: {(isWhole ? "the old file" : $"{now} of {_file.Content.PieceCount} pieces are new")}");
                Assert.InRange(now, done, _file.Content.PieceCount - 1);
                done = now;
            }

            _alice.Server.UploadLimit = null;
            await receiver.StartAsync();
            await receiver.UpdateAsync(Name, destination);
            Assert.Null(await receiver.EndOfReceiveAsync());
            Assert.Equal(_new, await File.ReadAllBytesAsync(destination));
        });
    }

    private bool IsNew(byte[] bytes, int piece)
    {
        var (begin, length) = (piece * _file.Content.PieceLength, _file.Content.PieceSize(piece));
        return begin + length <= bytes.Length && bytes.AsSpan(begin, length).SequenceEqual(_new.AsSpan(begin, length));
    }

    private Download Receive() => _bob.Server.Downloads.Start(
        new DownloadRequest(_file.GroupIdentity, _file.Name, _file.Content, Destination, Overwrite: true) { InPlace = true });

    private async Task AssertUpdatedAsync()
    {
        Assert.Equal(_new, await File.ReadAllBytesAsync(Destination));
        Assert.False(File.Exists(Part));
    }
}
