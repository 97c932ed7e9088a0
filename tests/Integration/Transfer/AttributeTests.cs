using System.Security.Cryptography;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Integration.Transfer;

/// <summary>The time of modification and the executable bit of a shared file arrive with it.</summary>
public sealed class AttributeTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly DateTime Modified = new DateTime(2003, 4, 5, 6, 7, 8, DateTimeKind.Utc).AddTicks(1234567);

    private TestTracker _tracker = null!;
    private TestPeer _alice = null!;
    private TestPeer _bob = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _alice = await TestPeer.StartAsync(_tracker, "alice", null);
        _bob = await TestPeer.StartAsync(_tracker, "bob", _alice);
    }

    public async Task DisposeAsync()
    {
        await _bob.DisposeAsync();
        await _alice.DisposeAsync();
        await _tracker.DisposeAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1000)]
    [InlineData(300_000)]
    public async Task A_file_of_any_size_arrives_with_them_and_is_known_unchanged_afterwards(int size)
    {
        var file = await ShareAsync("tool", RandomNumberGenerator.GetBytes(size));
        Assert.Equal((Modified, IsUnix ? true : null), (file.Modified!.Value.UtcDateTime, file.Executable));

        await _bob.Receive(file).Completion.WaitAsync(Limit);

        var received = _bob.DestinationOf("tool");
        Assert.Equal(Modified, File.GetLastWriteTimeUtc(received));
        if (!OperatingSystem.IsWindows())
        {
            Assert.True(File.GetUnixFileMode(received).HasFlag(UnixFileMode.UserExecute));
        }

        if (size > 0)
        {
            await _bob.State.Database.FlushAsync();
            Assert.Equal(file.PiecesRoot, KnownOf(_bob).FindUnchanged(received)?.PiecesRoot);
            // It is served on, from the file as it is now.
            await _bob.RestartServerAsync();
            await _alice.StopServerAsync();
            await using var carol = await TestPeer.StartAsync(_tracker, "carol", _alice);
            await carol.Receive(file).Completion.WaitAsync(Limit);
            Assert.Equal(Modified, File.GetLastWriteTimeUtc(carol.DestinationOf("tool")));
            Assert.Empty(_bob.Warnings);
        }
    }

    [Fact]
    public async Task A_download_that_is_resumed_after_a_restart_still_sets_them()
    {
        var content = RandomNumberGenerator.GetBytes(300_000);
        var file = await ShareAsync("tool", content);
        await _alice.StopServerAsync();
        var download = _bob.Receive(file);
        await download.SuspendAsync();
        await _bob.RestartServerAsync();
        await _alice.RestartServerAsync();

        var resumed = Assert.Single(_bob.Server.Downloads.GetAll());
        resumed.Resume();
        await resumed.Completion.WaitAsync(Limit);

        Assert.Equal(file.Attributes, resumed.Request.Attributes);
        Assert.Equal(Modified, File.GetLastWriteTimeUtc(_bob.DestinationOf("tool")));
    }

    [Fact]
    public async Task Without_them_a_file_is_as_any_new_one()
    {
        var file = await ShareAsync("tool", [1, 2, 3]);
        var before = DateTime.UtcNow.AddMinutes(-1);

        await _bob.Receive(file with { Modified = null, Executable = null }).Completion.WaitAsync(Limit);

        Assert.InRange(File.GetLastWriteTimeUtc(_bob.DestinationOf("tool")), before, DateTime.UtcNow.AddMinutes(1));
        if (!OperatingSystem.IsWindows())
        {
            Assert.False(File.GetUnixFileMode(_bob.DestinationOf("tool")).HasFlag(UnixFileMode.UserExecute));
        }
    }

    private static ShareStore KnownOf(TestPeer peer) => new(peer.State, peer.Client.Account, peer.Client.WithdrawFilesAsync);

    private static bool IsUnix => !OperatingSystem.IsWindows();

    private async Task<FileResponse> ShareAsync(string name, byte[] content)
    {
        var path = _alice.MakeFile(name, content);
        UnixFile.SetMode(path, "0700");
        File.SetLastWriteTimeUtc(path, Modified);
        return await _alice.Server.Shares.ShareAsync(
            await FileHasher.HashAsync(path, null, CancellationToken.None), TestPeer.Group, name, replace: false, CancellationToken.None);
    }
}
