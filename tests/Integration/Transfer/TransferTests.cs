using System.Security.Cryptography;
using P2PShare.Protocol;
using P2PShare.Transfer;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;

namespace P2PShare.Integration.Transfer;

public sealed class TransferTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16 * 1024)]
    [InlineData(64 * 1024)]
    [InlineData(64 * 1024 + 1)]
    [InlineData(5_000_001)]
    public async Task A_file_of_any_size_arrives_as_it_was(int size)
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var alice = await TestPeer.StartAsync(tracker, "alice", null);
        await using var bob = await TestPeer.StartAsync(tracker, "bob", alice);
        var content = RandomNumberGenerator.GetBytes(size);
        var file = await alice.ShareAsync("data.bin", content);

        var download = bob.Receive(file);
        await download.Completion.WaitAsync(Limit);

        Assert.Equal(content, await File.ReadAllBytesAsync(bob.DestinationOf("data.bin")));
        Assert.Equal(DownloadState.Complete, download.State);
        Assert.Equal(size, download.Progress.BytesVerified);
        Assert.False(File.Exists(bob.DestinationOf("data.bin.p2ppart")));
    }

    [Fact]
    public async Task Several_sources_send_parts_of_one_file()
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var alice = await TestPeer.StartAsync(tracker, "alice", null, new PeerServerOptions { UploadLimit = 2_000_000 });
        await using var bob = await TestPeer.StartAsync(tracker, "bob", alice, new PeerServerOptions { UploadLimit = 2_000_000 });
        await using var carol = await TestPeer.StartAsync(tracker, "carol", alice);
        // At the limit of one it takes four seconds, in which a busy machine finds the other, too.
        var content = RandomNumberGenerator.GetBytes(8_000_000);
        var file = await alice.ShareAsync("data.bin", content);
        await bob.ShareAsync("data.bin", content);

        await carol.Receive(file).Completion.WaitAsync(Limit);

        Assert.Equal(content, await File.ReadAllBytesAsync(carol.DestinationOf("data.bin")));
        await Eventually.HoldsAsync(() => alice.Uploads.Count == 1 && bob.Uploads.Count == 1, "both reported an upload");
        Assert.All(new[] { alice.Uploads[0], bob.Uploads[0] }, upload => Assert.InRange(upload.Bytes, content.Length / 20, content.Length));
    }

    [Fact]
    public async Task A_downloading_peer_serves_the_pieces_that_it_has()
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var alice = await TestPeer.StartAsync(tracker, "alice", null, new PeerServerOptions { UploadLimit = 4_000_000 });
        await using var bob = await TestPeer.StartAsync(tracker, "bob", alice);
        await using var carol = await TestPeer.StartAsync(tracker, "carol", alice);
        var content = RandomNumberGenerator.GetBytes(12_000_000);
        var file = await alice.ShareAsync("data.bin", content);

        var toBob = bob.Receive(file);
        var toCarol = carol.Receive(file);
        await Task.WhenAll(toBob.Completion, toCarol.Completion).WaitAsync(Limit);

        Assert.Equal(content, await File.ReadAllBytesAsync(bob.DestinationOf("data.bin")));
        Assert.Equal(content, await File.ReadAllBytesAsync(carol.DestinationOf("data.bin")));
        // Had each taken all from alice, she would have sent it twice.
        Assert.True(alice.Server.GetStatus().BytesUploaded < content.Length * 1.7, $"alice sent {alice.Server.GetStatus().BytesUploaded}");
    }

    [Fact]
    public async Task Without_a_source_a_download_fails_with_a_clear_error()
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var alice = await TestPeer.StartAsync(tracker, "alice", null);
        await using var bob = await TestPeer.StartAsync(
            tracker, "bob", alice, new PeerServerOptions { SourceTimeout = TimeSpan.FromSeconds(1) });
        var file = await alice.ShareAsync("data.bin", new byte[100_000]);
        await alice.StopServerAsync();

        var error = await Assert.ThrowsAsync<P2PShareException>(() => bob.Receive(file).Completion.WaitAsync(Limit));

        Assert.Equal(ErrorCode.NoSourceOnline, error.Code);
        Assert.False(File.Exists(bob.DestinationOf("data.bin")));
    }

    [Fact]
    public async Task A_content_that_this_peer_offers_needs_no_other_peer()
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var alice = await TestPeer.StartAsync(tracker, "alice", null);
        var content = RandomNumberGenerator.GetBytes(1_000_000);
        var file = await alice.ShareAsync("data.bin", content);

        await alice.Receive(file).Completion.WaitAsync(Limit);

        Assert.Equal(content, await File.ReadAllBytesAsync(alice.DestinationOf("data.bin")));
    }

    [Fact]
    public async Task A_content_that_was_offered_here_and_has_changed_is_fetched_from_another_peer()
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var alice = await TestPeer.StartAsync(tracker, "alice", null);
        await using var bob = await TestPeer.StartAsync(tracker, "bob", alice);
        var content = RandomNumberGenerator.GetBytes(1_000_000);
        var file = await alice.ShareAsync("data.bin", content);
        await bob.ShareAsync("data.bin", content);
        await File.WriteAllTextAsync(Path.Combine(bob.Folder, "data.bin"), "something else");

        await bob.Receive(file).Completion.WaitAsync(Limit);

        Assert.Equal(content, await File.ReadAllBytesAsync(bob.DestinationOf("data.bin")));
    }
}
