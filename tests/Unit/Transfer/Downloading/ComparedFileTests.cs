using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Transfer.Downloading;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class ComparedFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _clock = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Behind_its_end_it_has_zeros_that_are_in_no_file()
    {
        using var file = Open(1, 2, 3);
        var read = new byte[] { 9, 9, 9, 9 };

        file.Read(1, read);

        Assert.Equal([2, 3, 0, 0], read);
        Assert.Equal([new ReusedRange(1, 2, file.Path, 1), new ReusedRange(3, 2, null, 0)], file.Locate(1, 4));
        Assert.Equal([new ReusedRange(0, 3, file.Path, 0)], file.Locate(0, 3));
        Assert.Equal([new ReusedRange(5, 1, null, 0)], file.Locate(5, 1));
        file.Check();
    }

    [Fact]
    public async Task A_disk_that_does_not_answer_is_given_up_and_reported()
    {
        using var file = Open(1, 2, 3);
        using (await HangingDisk.HangAsync(file.Path, _clock))
        {
            Assert.IsType<TimeoutException>(Assert.Throws<IOException>(() => file.Read(0, new byte[3])).InnerException);
        }

        // It is not waited for again.
        Assert.Null(Assert.Throws<IOException>(() => file.Read(0, new byte[3])).InnerException);
        Assert.Equal(ErrorCode.PathUnreadable, Assert.Throws<P2PShareException>(file.Check).Code);
    }

    [Fact]
    public async Task A_disk_that_does_not_answer_at_the_end_is_reported()
    {
        using var file = Open(1, 2, 3);
        using var disk = await HangingDisk.HangAsync(file.Path, _clock);

        Assert.Equal(ErrorCode.PathUnreadable, Assert.Throws<P2PShareException>(file.Check).Code);
    }

    private ComparedFile Open(params byte[] bytes)
    {
        var path = _folder.Combine("data.bin");
        File.WriteAllBytes(path, bytes);
        var file = ComparedFile.TryOpen(path, Path.GetDirectoryName(path)!, hashed: null, _clock);
        Assert.NotNull(file);
        return file;
    }
}
