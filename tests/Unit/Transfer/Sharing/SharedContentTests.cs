using P2PShare.Protocol;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Sharing;

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
        _content = new SharedContent(_file);
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
        _content.Check();
    }

    [Fact]
    public void Its_bytes_are_read_also_after_a_release()
    {
        Assert.Equal(_bytes[100..5100], Read(100, 5000));
        _content.Release();
        Assert.Equal(_bytes[^10..], Read(_bytes.Length - 10, 10));
    }

    [Fact]
    public void A_file_of_another_time_is_not_served()
    {
        Read(0, 10);

        File.SetLastWriteTimeUtc(_file.Path, DateTime.UnixEpoch);

        AssertChanged();
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
        Assert.Equal(ErrorCode.PathNotFound, Assert.Throws<P2PShareException>(_content.Check).Code);
    }

    [Fact]
    public void A_folder_in_the_place_of_the_file_is_not_read()
    {
        File.Delete(_file.Path);
        Directory.CreateDirectory(_file.Path);

        Assert.Equal(ErrorCode.PathIsFolder, Assert.Throws<P2PShareException>(() => Read(0, 10)).Code);
    }

    private void AssertChanged()
    {
        Assert.Equal(ErrorCode.SourceFileChanged, Assert.Throws<P2PShareException>(_content.Check).Code);
        Assert.Equal(ErrorCode.SourceFileChanged, Assert.Throws<P2PShareException>(() => Read(0, 10)).Code);
    }

    private byte[] Read(long offset, int count)
    {
        var buffer = new byte[count];
        _content.Read(offset, buffer);
        return buffer;
    }
}
