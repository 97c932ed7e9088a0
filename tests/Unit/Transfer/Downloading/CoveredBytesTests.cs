using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Chunking;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;
using P2PShare.Unit.Transfer.Sharing;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class CoveredBytesTests : IDisposable
{
    private const int Block = PieceLength.Block;

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _clock = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Bytes_come_from_where_they_were_found_and_others_are_zeros()
    {
        var bytes = SharedFile.Bytes(6 * Block);
        using var covered = Cover(bytes, new LocalRange(Block, 2 * Block, 0, 100), new LocalRange(4 * Block, Block, 0, 7));
        var read = new byte[6 * Block];
        Array.Fill(read, (byte)1);

        covered.Read(0, read);

        Assert.Equal([.. new byte[Block], .. bytes[100..(100 + 2 * Block)], .. new byte[Block], .. bytes[7..(7 + Block)], .. new byte[Block]], read);
    }

    [Fact]
    public async Task What_a_disk_that_does_not_answer_has_is_fetched()
    {
        using var covered = Cover(SharedFile.Bytes(2 * Block), new LocalRange(0, 2 * Block, 0, 0));
        covered.Read(0, new byte[Block]);
        using var disk = await HangingDisk.HangAsync(_folder.Combine("old"), _clock);

        var error = Assert.Throws<IOException>(() => covered.Read(0, new byte[Block]));

        Assert.IsType<TimeoutException>(error.InnerException);
        // It is not waited for a second time.
        Assert.Null(Assert.Throws<IOException>(() => covered.Read(0, new byte[Block])).InnerException);
    }

    private CoveredBytes Cover(byte[] file, params LocalRange[] ranges)
    {
        var path = _folder.Combine("old");
        File.WriteAllBytes(path, file);
        return new CoveredBytes(new LocalCoverage(6 * Block, [new ReuseFile(path)], ranges), null, _clock);
    }
}
