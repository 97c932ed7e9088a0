using P2PShare.Protocol;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Sharing;

public sealed class SharedContentTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _bytes = SharedFile.Bytes(200_000);
    private HashedFile _file = null!;
    private SharedContent _content = null!;

    public async Task InitializeAsync()
    {
        _file = await SharedFile.MakeAsync(_folder, "data.bin", _bytes);
        _content = new SharedContent(_file, TimeProvider.System);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose()
    {
        _content.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_shared_file_has_every_piece()
    {
        Assert.Equal((4, true, true), (_content.Description.PieceCount, _content.GetHave().IsComplete, _content.Has(3)));
        Assert.Equal(_file.PieceLayer, _content.PieceLayer);
        Assert.Same(_file, _content.File);
        Assert.Equal(_file.Stamp, _content.Find());
    }

    [Fact]
    public void Its_bytes_are_read_also_after_a_release()
    {
        Assert.Equal(_bytes[100..5100], Read(100, 5000));
        _content.Release();
        Assert.Equal(_bytes[^10..], Read(_bytes.Length - 10, 10));
    }

    [Fact]
    public void A_file_of_another_time_is_served_if_its_bytes_are_the_same()
    {
        Read(0, 10);

        File.SetLastWriteTimeUtc(_file.Path, DateTime.UnixEpoch);

        Assert.Equal(_bytes[..10], Read(0, 10));
        Assert.False(_file.IsUnchanged(_content.Find()));
    }

    [Fact]
    public void A_file_of_another_size_is_not_served()
    {
        var modified = File.GetLastWriteTimeUtc(_file.Path);
        File.WriteAllBytes(_file.Path, _bytes[..100_000]);
        File.SetLastWriteTimeUtc(_file.Path, modified);

        AssertChanged();
    }

    [Fact]
    public void A_read_beyond_the_end_says_that_the_file_changed() => Assert.Equal(
        ErrorCode.SourceFileChanged, Assert.Throws<P2PShareException>(() => Read(_bytes.Length - 5, 10)).Code);

    [Fact]
    public void A_file_that_is_gone_is_not_found()
    {
        File.Delete(_file.Path);

        Assert.Equal(ErrorCode.PathNotFound, Assert.Throws<P2PShareException>(() => Read(0, 10)).Code);
        Assert.Equal(ErrorCode.PathNotFound, Assert.Throws<P2PShareException>(() => _content.Find()).Code);
    }

    [Fact]
    public void A_folder_in_the_place_of_the_file_is_not_read()
    {
        File.Delete(_file.Path);
        Directory.CreateDirectory(_file.Path);

        Assert.Equal(ErrorCode.PathIsFolder, Assert.Throws<P2PShareException>(() => Read(0, 10)).Code);
    }

    [Fact]
    public void A_link_in_the_place_of_the_file_is_not_read()
    {
        var other = OtherFileOfSameSizeAndTime();
        File.Delete(_file.Path);
        File.CreateSymbolicLink(_file.Path, other);

        Assert.Equal(ErrorCode.PathUnreadable, Assert.Throws<P2PShareException>(() => Read(0, 10)).Code);
    }

    [Fact]
    public void Another_file_of_the_same_size_and_time_is_not_served_and_its_sharer_learns_why()
    {
        File.Move(OtherFileOfSameSizeAndTime(), _file.Path, overwrite: true);

        var error = Assert.Throws<P2PShareException>(() => Read(0, 10));

        Assert.Equal((ErrorCode.SourceFileChanged, $"'{_file.Path}' is not what was shared any more: it has other bytes."), (error.Code, error.Message));
    }

    [Fact]
    public void An_open_file_that_is_edited_behind_its_old_time_is_checked_again()
    {
        Assert.Equal(_bytes[..10], Read(0, 10));
        Assert.Equal(_bytes[100_000..100_010], Read(100_000, 10));
        var modified = File.GetLastWriteTimeUtc(_file.Path);
        using (var stream = new FileStream(_file.Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            stream.WriteByte((byte)~_bytes[0]);
            stream.Flush();
            File.SetLastWriteTimeUtc(stream.SafeFileHandle, modified);
        }

        // The pieces that are the same are served, and nothing of the other.
        Assert.Equal(_bytes[100_000..100_010], Read(100_000, 10));
        Assert.Equal(ErrorCode.SourceFileChanged, Assert.Throws<P2PShareException>(() => Read(5, 10)).Code);
    }

    [LinuxFact]
    public void A_file_that_this_process_hashed_is_hashed_again_only_after_a_change()
    {
        // Whatever it reads has another hash than this.
        var layer = _file.PieceLayer.Select(_ => default(Hash256)).ToArray();
        using var checkedAtOnce = new SharedContent(_file with { PieceLayer = layer, WasHashedHere = false }, TimeProvider.System);
        using var hashedHere = new SharedContent(_file with { PieceLayer = layer, WasHashedHere = true }, TimeProvider.System);
        var buffer = new byte[10];

        Assert.Equal(ErrorCode.SourceFileChanged, Assert.Throws<P2PShareException>(() => checkedAtOnce.Read(0, buffer)).Code);
        hashedHere.Read(0, buffer);
        Assert.Equal(_bytes[..10], buffer);

        UnixFile.SetMode(_file.Path, "0400");

        Assert.Equal(ErrorCode.SourceFileChanged, Assert.Throws<P2PShareException>(() => hashedHere.Read(0, buffer)).Code);
    }

    [LinuxFact]
    public void A_file_with_another_mode_is_served()
    {
        Read(0, 10);
        UnixFile.SetMode(_file.Path, "0400");

        Assert.False(_file.IsUnchanged(_content.Find()));
        Assert.Equal(_bytes[..10], Read(0, 10));
    }

    [LinuxFact]
    public void A_FIFO_in_the_place_of_the_file_is_refused_at_once()
    {
        File.Delete(_file.Path);
        UnixFile.MakeFifo(_file.Path);

        Assert.Equal(ErrorCode.PathUnreadable, Assert.Throws<P2PShareException>(() => Read(0, 10)).Code);
    }

    private string OtherFileOfSameSizeAndTime()
    {
        var other = Path.Combine(_folder.Path, "private");
        File.WriteAllBytes(other, SharedFile.Bytes(_bytes.Length, seed: 9));
        File.SetLastWriteTimeUtc(other, _file.Modified.UtcDateTime);
        return other;
    }

    private void AssertChanged()
    {
        Assert.False(_file.IsUnchanged(_content.Find()));
        Assert.Equal(ErrorCode.SourceFileChanged, Assert.Throws<P2PShareException>(() => Read(0, 10)).Code);
    }

    private byte[] Read(long offset, int count)
    {
        var buffer = new byte[count];
        _content.Read(offset, buffer);
        return buffer;
    }
}
