using System.Security.Cryptography;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Integration.Transfer;

/// <summary>Whatever breaks, a download ends with the right file or a clear error, never with a wrong file.</summary>
public sealed class FailureTests : IAsyncLifetime
{
    private const int Slow = 2_000_000;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly byte[] _content = RandomNumberGenerator.GetBytes(6_000_000);
    private TestTracker _tracker = null!;
    private TestPeer _alice = null!;
    private TestPeer _bob = null!;
    private FileResponse _file = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _alice = await TestPeer.StartAsync(_tracker, "alice", null);
        _bob = await TestPeer.StartAsync(_tracker, "bob", _alice, new PeerServerOptions { SourceTimeout = TimeSpan.FromSeconds(2) });
        _file = await _alice.ShareAsync("data.bin", _content);
    }

    public async Task DisposeAsync()
    {
        await _bob.DisposeAsync();
        await _alice.DisposeAsync();
        await _tracker.DisposeAsync();
    }

    [Fact]
    public async Task A_source_that_sends_wrong_bytes_is_banned_and_another_completes_the_file()
    {
        await using var mallory = await TestPeer.StartAsync(_tracker, "mallory", _alice);
        await mallory.ShareAsync("data.bin", _content);
        mallory.Server.Shares.Offer(new LyingContent(_file.Content, _content), new OfferedName(_file.GroupIdentity, "data.bin", IsReceived: false)).Swap(before =>
        {
            before.Dispose();
            return new LyingContent(_file.Content, _content);
        });

        await _bob.Receive(_file).Completion.WaitAsync(Limit);

        await AssertReceivedAsync();
    }

    [Fact]
    public async Task With_only_wrong_bytes_a_download_fails_and_leaves_no_file()
    {
        _alice.Server.Shares.Offer(new LyingContent(_file.Content, _content), new OfferedName(_file.GroupIdentity, "data.bin", IsReceived: false))
            .Swap(_ => new LyingContent(_file.Content, _content));

        var error = await Assert.ThrowsAsync<P2PShareException>(() => _bob.Receive(_file).Completion.WaitAsync(Limit));

        Assert.Equal(ErrorCode.NoSourceOnline, error.Code);
        Assert.Contains("wrong piece", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_bob.DestinationOf("data.bin")));
    }

    [Fact]
    public async Task A_source_that_dies_midway_is_replaced_by_another()
    {
        await using var carol = await TestPeer.StartAsync(_tracker, "carol", _alice, new PeerServerOptions { UploadLimit = Slow });
        await carol.ShareAsync("data.bin", _content);
        _alice.Server.UploadLimit = Slow;
        var download = _bob.Receive(_file);
        await Eventually.HoldsAsync(() => download.Progress is { BytesVerified: > 500_000, Sources: 2 }, "bytes came from two sources");

        await _alice.StopServerAsync();
        carol.Server.UploadLimit = null;
        await download.Completion.WaitAsync(Limit);

        await AssertReceivedAsync();
    }

    [Fact]
    public async Task After_a_lost_source_the_same_request_continues_from_what_was_verified()
    {
        _alice.Server.UploadLimit = Slow;
        var download = _bob.Receive(_file);
        await Eventually.HoldsAsync(() => download.Progress.BytesVerified > 1_000_000, "bytes came");
        await _alice.StopServerAsync();
        var error = await Assert.ThrowsAsync<P2PShareException>(() => download.Completion.WaitAsync(Limit));
        Assert.Equal(ErrorCode.NoSourceOnline, error.Code);
        Assert.False(File.Exists(_bob.DestinationOf("data.bin")));
        var kept = download.Progress.BytesVerified;

        await _alice.RestartServerAsync();
        await _bob.RestartServerAsync();
        await _bob.Receive(_file).Completion.WaitAsync(Limit);

        await AssertReceivedAsync();
        Assert.InRange(_bob.Server.GetStatus().BytesDownloaded, 1, _content.Length - kept);
    }

    [Fact]
    public async Task Changed_pieces_of_a_part_file_are_fetched_again()
    {
        _alice.Server.UploadLimit = Slow;
        var download = _bob.Receive(_file);
        await Eventually.HoldsAsync(() => download.Progress.BytesVerified > 2_000_000, "bytes came");
        await download.StopAsync();
        var part = _bob.DestinationOf("data.bin.p2ppart");
        await using (var stream = new FileStream(part, FileMode.Open))
        {
            // Every second megabyte: some of it is certain to have been there.
            for (var offset = 0; offset < _content.Length; offset += 1_000_000)
            {
                stream.Position = offset;
                stream.WriteByte((byte)~_content[offset]);
            }
        }

        _alice.Server.UploadLimit = null;
        download.Resume();
        await download.Completion.WaitAsync(Limit);

        await AssertReceivedAsync();
    }

    [Fact]
    public async Task The_remaining_pieces_of_a_truncated_part_file_are_used()
    {
        _alice.Server.UploadLimit = Slow;
        var download = _bob.Receive(_file);
        await Eventually.HoldsAsync(() => download.Progress.BytesVerified > 4_000_000, "bytes came");
        await download.StopAsync();
        await using (var stream = new FileStream(_bob.DestinationOf("data.bin.p2ppart"), FileMode.Open))
        {
            stream.SetLength(_content.Length - 1_000_000);
        }

        var before = _bob.Server.GetStatus().BytesDownloaded;
        _alice.Server.UploadLimit = null;
        download.Resume();
        await download.Completion.WaitAsync(Limit);

        await AssertReceivedAsync();
        // Of the four million bytes that were there at most one million was cut off.
        Assert.InRange(_bob.Server.GetStatus().BytesDownloaded - before, 1, _content.Length - 3_000_000);
    }

    [Fact]
    public async Task A_suspended_download_continues_in_the_next_peer_server()
    {
        _alice.Server.UploadLimit = Slow;
        var download = _bob.Receive(_file);
        await Eventually.HoldsAsync(() => download.Progress.BytesVerified > 1_000_000, "bytes came");
        await download.SuspendAsync();
        Assert.Equal(DownloadState.Suspended, download.State);
        Assert.False(download.Completion.IsCompleted);

        await _bob.RestartServerAsync();
        var again = Assert.Single(_bob.Server.Downloads.GetAll());
        Assert.Equal((DownloadState.Suspended, download.Id), (again.State, again.Id));
        _alice.Server.UploadLimit = null;
        again.Resume();
        await again.Completion.WaitAsync(Limit);

        await AssertReceivedAsync();
    }

    [Fact]
    public async Task A_shared_file_that_was_edited_is_not_served()
    {
        await File.AppendAllTextAsync(Path.Combine(_alice.Folder, "data.bin"), "more");

        var error = await Assert.ThrowsAsync<P2PShareException>(() => _bob.Receive(_file).Completion.WaitAsync(Limit));

        Assert.Equal(ErrorCode.NoSourceOnline, error.Code);
        Assert.Contains(_alice.Warnings, warning => warning.Contains("data.bin", StringComparison.Ordinal));
        Assert.False(File.Exists(_bob.DestinationOf("data.bin")));
    }

    [Fact]
    public async Task A_share_survives_the_peer_server_unless_the_file_was_edited_meanwhile()
    {
        var second = await _alice.ShareAsync("second.bin", [1, 2, 3]);
        await _alice.StopServerAsync();
        await File.WriteAllTextAsync(Path.Combine(_alice.Folder, "second.bin"), "something else");

        await _alice.RestartServerAsync();
        await _bob.Receive(_file).Completion.WaitAsync(Limit);

        await AssertReceivedAsync();
        var error = await Assert.ThrowsAsync<P2PShareException>(() => _bob.Receive(second).Completion.WaitAsync(Limit));
        Assert.Equal(ErrorCode.NoSourceOnline, error.Code);
    }

    [Fact]
    public async Task A_received_file_is_offered_again_after_a_restart()
    {
        await _bob.Receive(_file).Completion.WaitAsync(Limit);
        await _alice.StopServerAsync();
        await _bob.RestartServerAsync();
        await using var carol = await TestPeer.StartAsync(_tracker, "carol", _alice);

        await carol.Receive(_file).Completion.WaitAsync(Limit);

        Assert.Equal(_content, await File.ReadAllBytesAsync(carol.DestinationOf("data.bin")));
    }

    [Fact]
    public async Task A_share_that_was_stopped_is_not_served_any_more()
    {
        await _alice.Server.Shares.WithdrawAsync(TestPeer.Group, ["data.bin"], CancellationToken.None);

        var error = await Assert.ThrowsAsync<P2PShareException>(() => _bob.Receive(_file).Completion.WaitAsync(Limit));

        Assert.Equal(ErrorCode.FileNotFound, error.Code);
    }

    [Fact]
    public async Task An_existing_file_is_replaced_only_if_the_request_overwrites()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_bob.DestinationOf("data.bin"))!);
        await File.WriteAllTextAsync(_bob.DestinationOf("data.bin"), "precious");

        var error = Assert.Throws<P2PShareException>(() => _bob.Receive(_file));
        Assert.Equal(ErrorCode.DestinationExists, error.Code);
        Assert.Equal("precious", await File.ReadAllTextAsync(_bob.DestinationOf("data.bin")));

        await _bob.Receive(_file, overwrite: true).Completion.WaitAsync(Limit);
        await AssertReceivedAsync();
    }

    [Fact]
    public async Task Two_downloads_into_one_destination_are_one_or_an_error()
    {
        _alice.Server.UploadLimit = Slow;
        var other = await _alice.ShareAsync("other/data.bin", [1, 2, 3]);
        var first = _bob.Receive(_file);

        Assert.Same(first, _bob.Receive(_file));
        var error = Assert.Throws<P2PShareException>(() => _bob.Server.Downloads.Start(
            new DownloadRequest(other.GroupIdentity, other.Name, other.Content, _bob.DestinationOf("data.bin"), Overwrite: false)));
        Assert.Equal(ErrorCode.DestinationInUse, error.Code);

        // The same from another process of the same person: a second peer server of the state folder.
        await using var second = await PeerServer.StartAsync(_bob.Client, _bob.State, new PeerServerOptions(), CancellationToken.None);
        Assert.NotEqual(_bob.Server.Fingerprint, second.Fingerprint);
        var rival = second.Downloads.Start(new DownloadRequest(
            other.GroupIdentity, other.Name, other.Content, _bob.DestinationOf("data.bin"), Overwrite: false));
        var refused = await Assert.ThrowsAsync<P2PShareException>(() => rival.Completion.WaitAsync(Limit));
        Assert.Equal(ErrorCode.DestinationInUse, refused.Code);

        _alice.Server.UploadLimit = null;
        await first.Completion.WaitAsync(Limit);
        await AssertReceivedAsync();
    }

    [Fact]
    public async Task Removing_a_download_deletes_its_part_file()
    {
        _alice.Server.UploadLimit = Slow;
        var download = _bob.Receive(_file);
        await Eventually.HoldsAsync(() => download.Progress.BytesVerified > 500_000, "bytes came");

        await _bob.Server.Downloads.RemoveAsync(download);

        Assert.Empty(_bob.Server.Downloads.GetAll());
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(_bob.DestinationOf("data.bin"))!));
        var error = await Assert.ThrowsAsync<P2PShareException>(() => download.Completion);
        Assert.Equal(ErrorCode.DownloadStopped, error.Code);
    }

    private async Task AssertReceivedAsync()
    {
        Assert.Equal(_content, await File.ReadAllBytesAsync(_bob.DestinationOf("data.bin")));
        Assert.False(File.Exists(_bob.DestinationOf("data.bin.p2ppart")));
    }

    /// <summary>Announces that it has all of a content, and flips a bit in whatever it sends.</summary>
    private sealed class LyingContent(ContentDescription description, byte[] content) : IContent
    {
        public ContentDescription Description => description;

        public IReadOnlyList<Hash256> PieceLayer { get; } = MakeLayer(description, content);

        public Bitfield GetHave()
        {
            var have = new Bitfield(description.PieceCount);
            have.SetAll();
            return have;
        }

        public bool Has(int piece) => true;

        public void Read(long offset, Span<byte> buffer)
        {
            content.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
            buffer[buffer.Length / 2] ^= 1;
        }

        public void Release()
        {
        }

        public void Dispose()
        {
        }

        private static Hash256[] MakeLayer(ContentDescription description, byte[] content)
        {
            var leaves = new Hash256[description.PieceLength / PieceLength.Block];
            return
            [
                .. Enumerable.Range(0, description.PieceCount).Select(piece =>
                {
                    var count = HashTree.HashBlocks(content.AsSpan(piece * description.PieceLength, description.PieceSize(piece)), leaves);
                    return HashTree.PieceHash(leaves.AsSpan(0, count), description);
                }),
            ];
        }
    }
}
