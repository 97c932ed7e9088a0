using System.Security.Cryptography;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Integration.Transfer;

/// <summary>An earlier version of a file comes from peers that still have it.</summary>
public sealed class FileVersionTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private TestTracker _tracker = null!;
    private TestPeer _alice = null!;
    private TestPeer _bob = null!;
    private TestPeer _carol = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _alice = await TestPeer.StartAsync(_tracker, "alice", null);
        _bob = await TestPeer.StartAsync(_tracker, "bob", _alice);
        _carol = await TestPeer.StartAsync(_tracker, "carol", _alice);
    }

    public async Task DisposeAsync()
    {
        await _carol.DisposeAsync();
        await _bob.DisposeAsync();
        await _alice.DisposeAsync();
        await _tracker.DisposeAsync();
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(300_000)]
    public async Task A_receiver_serves_what_the_sharer_has_replaced_and_the_next_shell_offers_the_current_one(int size)
    {
        var (old, now) = (RandomNumberGenerator.GetBytes(size), RandomNumberGenerator.GetBytes(size));
        await _bob.Receive(await ShareAsync(old)).Completion.WaitAsync(Limit);
        // In place: alice has the old bytes no more.
        await ShareAsync(now);
        // Bob tells the tracker a moment after he has the file.
        await Eventually.HoldsAsync(async () => (await ListAsync(_carol)).Select(version => version.Sources).SequenceEqual([1, 1]), "both have a source");
        var versions = await ListAsync(_carol);
        Assert.Equal([2L, 1L], versions.Select(version => version.Version!.Value));
        await _carol.Receive(versions[0]).Completion.WaitAsync(Limit);
        await _alice.StopServerAsync();

        var path = Path.Combine(_carol.Folder, "back.bin");
        await _carol.Server.Downloads.Start(RequestFor(versions[1], path)).Completion.WaitAsync(Limit);

        Assert.Equal(old, await File.ReadAllBytesAsync(path));
        Assert.Equal(now, await File.ReadAllBytesAsync(_carol.DestinationOf("data.bin")));
        await Eventually.HoldsAsync(async () => (await ListAsync(_bob)).Select(version => version.Sources).SequenceEqual([1, 2]), "carol offers both");

        await _carol.RestartServerAsync();
        await Eventually.HoldsAsync(async () => (await ListAsync(_bob)).Select(version => version.Sources).SequenceEqual([1, 1]), "carol offers the current one");
    }

    [Fact]
    public async Task A_download_of_an_earlier_version_is_one_after_a_restart_too()
    {
        await _bob.Receive(await ShareAsync(RandomNumberGenerator.GetBytes(300_000))).Completion.WaitAsync(Limit);
        await ShareAsync([1, 2, 3]);
        await _alice.StopServerAsync();
        await _bob.StopServerAsync();
        var download = _carol.Server.Downloads.Start(RequestFor((await ListAsync(_carol))[1], Path.Combine(_carol.Folder, "back.bin")));
        await download.SuspendAsync();

        await _carol.RestartServerAsync();

        Assert.True(Assert.Single(_carol.Server.Downloads.GetAll()).Request.IsEarlier);
    }

    [Fact]
    public async Task An_earlier_version_that_a_folder_still_has_does_not_end_the_share_of_the_current_one_when_its_time_is_over()
    {
        await using var tracker = await TestTracker.StartAsync(options => (options.ReplacedContentLifetime, options.AnnounceInterval) = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)));
        await using var alice = await TestPeer.StartAsync(tracker, "alice", null);
        await using var bob = await TestPeer.StartAsync(tracker, "bob", alice);
        await bob.Receive(await ShareAsync(alice, RandomNumberGenerator.GetBytes(1000))).Completion.WaitAsync(Limit);
        var current = await ShareAsync(alice, RandomNumberGenerator.GetBytes(1000));
        await bob.Server.Downloads.Start(RequestFor(current, Path.Combine(bob.Folder, "now.bin"))).Completion.WaitAsync(Limit);
        await Eventually.HoldsAsync(() => bob.Server.GetStatus().SharedFiles == 1, "the earlier one is rejected");

        await bob.RestartServerAsync();

        Assert.Equal(1, bob.Server.GetStatus().SharedFiles);
        await Eventually.HoldsAsync(async () => (await ListAsync(alice))[0].Sources == 2, "bob offers the current one");
    }

    private static DownloadRequest RequestFor(FileResponse file, string path) =>
        new(file.GroupIdentity, file.Name, file.Content, path, Overwrite: false) { IsEarlier = file.KeptUntil is not null };

    private static async Task<IReadOnlyList<FileResponse>> ListAsync(TestPeer peer) =>
        await peer.Client.ListVersionsAsync(TestPeer.Group, "data.bin", CancellationToken.None);

    private static async Task<FileResponse> ShareAsync(TestPeer peer, byte[] content)
    {
        var hashed = await FileHasher.HashAsync(peer.MakeFile("data.bin", content), null, CancellationToken.None);
        return await peer.Server.Shares.ShareAsync(hashed, TestPeer.Group, "data.bin", replace: true, CancellationToken.None);
    }

    private Task<FileResponse> ShareAsync(byte[] content) => ShareAsync(_alice, content);
}
