using System.Security.Cryptography;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer;
using P2PShare.Transfer.Downloading;

namespace P2PShare.Integration.Transfer;

/// <summary>Changes to a shared file while others fetch it.</summary>
public sealed class ChangingSourceTests : IAsyncLifetime
{
    private const int Slow = 3_000_000;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly byte[] _content = RandomNumberGenerator.GetBytes(3_000_000);
    private TestTracker _tracker = null!;
    private TestPeer _alice = null!;
    private TestPeer _bob = null!;
    private FileResponse _file = null!;

    private string Source => Path.Combine(_alice.Folder, "data.bin");

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _alice = await TestPeer.StartAsync(_tracker, "alice", null, new PeerServerOptions { UploadLimit = Slow });
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
    public async Task A_file_edited_in_place_is_not_served_any_more()
    {
        var download = await StartAsync();
        await using (var stream = new FileStream(Source, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            stream.Write(RandomNumberGenerator.GetBytes(_content.Length));
        }

        await AssertNoSourceAsync(download);
        Assert.Contains(_alice.Warnings, warning => warning.Contains("data.bin", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Wrong_bytes_of_a_file_edited_behind_its_old_time_are_never_sent_and_its_sharer_is_warned()
    {
        var modified = File.GetLastWriteTimeUtc(Source);
        var download = await StartAsync();
        // So slow that nothing is read while the time differs.
        _alice.Server.UploadLimit = 20_000;
        await using (var stream = new FileStream(Source, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            stream.Write(RandomNumberGenerator.GetBytes(_content.Length));
            stream.Flush();
            File.SetLastWriteTimeUtc(stream.SafeFileHandle, modified);
        }

        _alice.Server.UploadLimit = Slow;
        var error = await AssertNoSourceAsync(download);
        Assert.DoesNotContain("wrong piece", error.Message, StringComparison.Ordinal);
        Assert.Contains(_alice.Warnings, warning => warning.EndsWith("it has other bytes.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_truncated_file_is_not_served_any_more()
    {
        var download = await StartAsync();
        await using (var stream = new FileStream(Source, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            stream.SetLength(_content.Length / 10);
        }

        await AssertNoSourceAsync(download);
    }

    [Fact]
    public async Task A_replaced_file_is_served_intact_or_not_any_more()
    {
        var download = await StartAsync();
        var other = _alice.MakeFile("other.bin", RandomNumberGenerator.GetBytes(_content.Length));
        File.Move(other, Source, overwrite: true);

        await AssertRightOrNoSourceAsync(download);
        // A later receiver never gets a byte of the new file as one of the old.
        await using var carol = await TestPeer.StartAsync(_tracker, "carol", _alice, new PeerServerOptions { SourceTimeout = TimeSpan.FromSeconds(1) });
        await AssertRightOrNoSourceAsync(carol.Receive(_file));
    }

    [LinuxFact]
    public async Task A_FIFO_or_a_link_in_the_place_of_the_file_holds_no_receiver_and_is_not_sent()
    {
        File.Move(Source, Source + ".moved");
        UnixFile.MakeFifo(Source);
        await AssertNoSourceAsync(_bob.Receive(_file));
        Assert.Contains(_alice.Warnings, warning => warning.Contains("is a FIFO", StringComparison.Ordinal));

        File.Delete(Source);
        File.Move(Source + ".moved", Source);
        await _alice.ShareAsync("data.bin", _content);
        var other = _alice.MakeFile("private.bin", RandomNumberGenerator.GetBytes(_content.Length));
        File.SetLastWriteTimeUtc(other, File.GetLastWriteTimeUtc(Source));
        File.Delete(Source);
        File.CreateSymbolicLink(Source, other);

        await using var carol = await TestPeer.StartAsync(_tracker, "carol", _alice, new PeerServerOptions { SourceTimeout = TimeSpan.FromSeconds(1) });
        await AssertNoSourceAsync(carol.Receive(_file));
        Assert.Equal(0, carol.Server.GetStatus().BytesDownloaded);
        Assert.Contains(_alice.Warnings, warning => warning.Contains("is a symbolic link", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_deleted_file_is_served_intact_or_not_any_more()
    {
        var download = await StartAsync();
        File.Delete(Source);

        await AssertRightOrNoSourceAsync(download);
    }

    [Fact]
    public async Task A_download_continues_when_the_file_is_restored_and_shared_again()
    {
        var download = await StartAsync();
        await File.WriteAllTextAsync(Source, "something else");
        await AssertNoSourceAsync(download);
        var kept = download.Progress.BytesVerified;

        await _alice.ShareAsync("data.bin", _content);
        var before = _bob.Server.GetStatus().BytesDownloaded;
        download.Resume();
        await download.Completion.WaitAsync(Limit);

        AssertReceived(download);
        Assert.Equal(_content.Length - kept, _bob.Server.GetStatus().BytesDownloaded - before);
    }

    private async Task<Download> StartAsync()
    {
        var download = _bob.Receive(_file);
        await Eventually.HoldsAsync(() => download.Progress.BytesVerified > 300_000, "bytes came");
        return download;
    }

    private async Task AssertRightOrNoSourceAsync(Download download)
    {
        try
        {
            await download.Completion.WaitAsync(Limit);
            AssertReceived(download);
        }
        catch (P2PShareException)
        {
            await AssertNoSourceAsync(download);
        }
    }

    private void AssertReceived(Download download) => Assert.Equal(_content, File.ReadAllBytes(download.Request.Destination));

    private static async Task<P2PShareException> AssertNoSourceAsync(Download download)
    {
        var error = await Assert.ThrowsAsync<P2PShareException>(() => download.Completion.WaitAsync(Limit));
        Assert.Equal(ErrorCode.NoSourceOnline, error.Code);
        Assert.False(File.Exists(download.Request.Destination));
        return error;
    }
}
