using Microsoft.Extensions.Time.Testing;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;
using static P2PShare.Unit.Transfer.Downloading.TestContent;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class ReusedFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly LogList<ReusedFileTests> _log = new();
    private readonly TestContent _content = Make(2 * MiB + 5, 64 * KiB);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_is_read_at_any_offset()
    {
        using var file = Open(_content.Bytes);
        var read = new byte[MiB + 100];

        file.Read(MiB - 95, read);

        Assert.Equal(_content.Bytes[(MiB - 95)..], read);
    }

    [Fact]
    public async Task A_disk_that_does_not_answer_is_given_up_and_not_waited_for_again()
    {
        using var file = Open(_content.Bytes);
        using (await HangingDisk.HangAsync(_folder.Combine("data.bin"), _clock))
        {
            Assert.IsType<TimeoutException>(Assert.Throws<IOException>(() => file.Read(0, new byte[100])).InnerException);
        }

        Assert.Null(Assert.Throws<IOException>(() => file.Read(0, new byte[100])).InnerException);
    }

    [Fact]
    public async Task A_file_whose_disk_does_not_answer_is_not_opened()
    {
        var request = Request(_content.Bytes);
        using var disk = await HangingDisk.HangAsync(request.Destination, _clock);

        Assert.Null(ReusedFile.TryOpen(request, new MemoryPart(_content.Description), _log, _clock));

        Assert.Contains("data.bin", Assert.Single(_log.Lines).Text);
    }

    private ReusedFile Open(byte[] old)
    {
        var file = ReusedFile.TryOpen(Request(old), new MemoryPart(_content.Description), _log, _clock);
        Assert.NotNull(file);
        return file;
    }

    private DownloadRequest Request(byte[] old)
    {
        File.WriteAllBytes(_folder.Combine("data.bin"), old);
        return new DownloadRequest(TestIds.Group("dev"), "data.bin", _content.Description, _folder.Combine("data.bin"), Overwrite: true);
    }
}
