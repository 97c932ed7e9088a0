using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Storage;

/// <summary>What a part file does with zeros: pieces and blocks of them are holes, whatever was there before.</summary>
public sealed class SparsePartTests : IDisposable
{
    private const int Piece = 64 * 1024;
    private const int Pieces = 40;

    private readonly TemporaryFolder _folder = new();
    // Of its pieces 0 is data, 3 is mixed, 39 is data, and all others are zeros; the last is short.
    private readonly byte[] _data = new byte[Pieces * Piece - 10_000];
    private readonly string _destination;

    public SparsePartTests()
    {
        var random = new Random(1);
        random.NextBytes(_data.AsSpan(0, Piece));
        random.NextBytes(_data.AsSpan(3 * Piece + 2 * PieceLength.Block, PieceLength.Block));
        random.NextBytes(_data.AsSpan(39 * Piece));
        _destination = _folder.Combine("data.bin");
    }

    private string Part => _destination + FileName.PartSuffix;

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public async Task Pieces_of_zeros_are_there_at_once_and_take_no_space()
    {
        var file = await HashAsync(_data);
        using var part = PartFile.Open(_destination, file.Content);
        await part.RestoreAsync(CancellationToken.None);
        part.SetPieceLayer([.. file.PieceLayer]);
        part.PrepareSpace();

        Assert.Equal([0, 3, 39], Missing(part));
        var read = new byte[Piece];
        Random.Shared.NextBytes(read);
        part.Read(38 * Piece, read);
        Assert.All(read, value => Assert.Equal(0, value));

        Write(part, 0, 3, 39);
        part.Record();
        // The space of piece 3 was reserved, and its zeros are given back.
        Assert.InRange(UnixFile.DiskSize(Part), 2 * Piece, 2 * Piece + PieceLength.Block + 16 * 1024);
        part.Finish(_destination, overwrite: false);

        Assert.Equal(_data, await File.ReadAllBytesAsync(_destination));
        Assert.InRange(UnixFile.DiskSize(_destination), 2 * Piece, 2 * Piece + PieceLength.Block + 16 * 1024);
    }

    [Fact]
    public async Task A_short_last_piece_of_zeros_is_known_too()
    {
        Array.Clear(_data, 39 * Piece, _data.Length - 39 * Piece);
        var file = await HashAsync(_data);
        using var part = PartFile.Open(_destination, file.Content);
        part.SetPieceLayer([.. file.PieceLayer]);
        part.PrepareSpace();

        Assert.Equal([0, 3], Missing(part));
        Write(part, 0, 3);
        part.Finish(_destination, overwrite: false);
        Assert.Equal(_data, await File.ReadAllBytesAsync(_destination));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(PieceLength.Block)]
    [InlineData(Piece - 1)]
    [InlineData(40 * Piece + 1)]
    public async Task A_content_of_zeros_is_complete_without_a_byte(int size)
    {
        var file = await HashAsync(new byte[size]);
        using var part = PartFile.Open(_destination, file.Content);
        await part.RestoreAsync(CancellationToken.None);
        if (!part.KnowsHashes)
        {
            part.SetPieceLayer([.. file.PieceLayer]);
            part.PrepareSpace();
        }

        Assert.True(part.GetHave().IsComplete);
        Assert.Equal(size, part.BytesVerified);
        part.Finish(_destination, overwrite: false);
        Assert.Equal(new byte[size], await File.ReadAllBytesAsync(_destination));
    }

    [Fact]
    public async Task Whatever_was_in_the_part_reads_as_zeros_where_zeros_belong()
    {
        var file = await HashAsync(_data);
        var other = new byte[_data.Length + 100_000];
        Random.Shared.NextBytes(other);
        await File.WriteAllBytesAsync(Part, other);

        using var part = PartFile.Open(_destination, file.Content);
        await part.RestoreAsync(CancellationToken.None);
        part.SetPieceLayer([.. file.PieceLayer]);
        part.PrepareSpace();
        await part.RestoreUnrecordedAsync(CancellationToken.None);
        Assert.Equal([0, 3, 39], Missing(part));
        Write(part, 0, 3, 39);
        part.Record();
        part.Finish(_destination, overwrite: false);

        Assert.Equal(_data, await File.ReadAllBytesAsync(_destination));
    }

    [LinuxFact]
    public async Task A_resumed_part_keeps_its_holes_and_finds_mixed_pieces_that_begin_with_zeros()
    {
        var file = await HashAsync(_data);
        using (var part = PartFile.Open(_destination, file.Content))
        {
            part.SetPieceLayer([.. file.PieceLayer]);
            part.PrepareSpace();
            part.Record();
            // After the last record.
            Write(part, 3);
        }

        using var again = PartFile.Open(_destination, file.Content);
        await again.RestoreAsync(CancellationToken.None);

        Assert.Equal([0, 39], Missing(again));
        // The space of the two that are missing is reserved still.
        Assert.InRange(UnixFile.DiskSize(Part), 0, 3 * Piece);
    }

    [Fact]
    public async Task The_record_of_a_version_that_knew_no_zeros_is_completed_by_them()
    {
        var file = await HashAsync(_data);
        var have = new Bitfield(Pieces);
        have.Set(0);
        var bytes = new byte[_data.Length];
        _data.AsSpan(0, Piece).CopyTo(bytes);
        await File.WriteAllBytesAsync(Part, [.. bytes, .. new PartFileRecord([.. file.PieceLayer], have).Encode(file.Content)]);

        using var part = PartFile.Open(_destination, file.Content);
        await part.RestoreAsync(CancellationToken.None);

        Assert.Equal([3, 39], Missing(part));
        Write(part, 3, 39);
        part.Record();
        part.Finish(_destination, overwrite: false);
        Assert.Equal(_data, await File.ReadAllBytesAsync(_destination));
    }

    [LinuxFact]
    public async Task A_part_of_a_terabyte_of_holes_is_restored_without_being_read()
    {
        var path = _folder.Combine("original");
        using (var original = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write))
        {
            RandomAccess.SetLength(original, 1L << 40);
            RandomAccess.Write(original, _data.AsSpan(0, Piece), 1L << 39);
        }

        var file = await FileHasher.HashAsync(path, null, CancellationToken.None);
        using (var part = PartFile.Open(_destination, file.Content))
        {
            part.SetPieceLayer([.. file.PieceLayer]);
            part.PrepareSpace();
            part.Record();
        }

        using var again = PartFile.Open(_destination, file.Content);
        await again.RestoreAsync(CancellationToken.None).WaitAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(file.Content.PieceCount - 1, again.GetHave().Count);
    }

    [LinuxTheory]
    [InlineData(0)]
    [InlineData(100)]
    public async Task Pieces_are_cloned_from_another_file_and_count_once_they_are_verified(int shift)
    {
        var file = await HashAsync(_data);
        var source = _folder.Combine("source");
        await File.WriteAllBytesAsync(source, [.. new byte[shift], .. _data]);
        using var from = File.OpenHandle(source);
        using var part = PartFile.Open(_destination, file.Content);
        part.SetPieceLayer([.. file.PieceLayer]);
        part.PrepareSpace();

        Assert.True(part.TryClone(from, shift, 0, _data.Length, CancellationToken.None));
        Assert.Equal([0, 3, 39], Missing(part));
        Assert.True(part.TryVerify(0) && part.TryVerify(3) && part.TryVerify(39));
        part.Finish(_destination, overwrite: false);

        Assert.Equal(_data, await File.ReadAllBytesAsync(_destination));
    }

    [Fact]
    public async Task A_clone_of_other_bytes_does_not_count_and_one_of_a_short_file_is_refused()
    {
        var file = await HashAsync(_data);
        var source = _folder.WriteRandom("source", Piece);
        using var from = File.OpenHandle(source);
        using var part = PartFile.Open(_destination, file.Content);
        part.SetPieceLayer([.. file.PieceLayer]);
        part.PrepareSpace();

        Assert.True(part.TryClone(from, 0, 0, Piece, CancellationToken.None));
        Assert.False(part.TryVerify(0));
        Assert.False(part.TryClone(from, 0, 0, Piece + 1, CancellationToken.None));
        Assert.Equal([0, 3, 39], Missing(part));
        Assert.Throws<OperationCanceledException>(() => part.TryClone(from, 0, 0, Piece, new CancellationToken(canceled: true)));
    }

    [LinuxFact]
    public void What_the_kernel_does_not_clone_is_copied_and_a_target_that_cannot_be_written_is_an_error()
    {
        var source = _folder.WriteRandom("source", 200_000);
        using var from = File.OpenHandle(source);
        using var to = File.OpenHandle(_folder.Combine("target"), FileMode.CreateNew, FileAccess.ReadWrite);

        // Not aligned to any file system's blocks.
        Assert.False(LinuxRanges.TryClone(from, 1, to, 2, 3));
        Assert.True(FileClone.TryCopy(from, 1, to, 0, 199_999, "target", CancellationToken.None));
        Assert.Equal(File.ReadAllBytes(source)[1..], File.ReadAllBytes(_folder.Combine("target")));

        // Opened for reading: it cannot be written in any way.
        Assert.Throws<UnauthorizedAccessException>(() => FileClone.TryCopy(to, 0, from, 0, 1000, "source", CancellationToken.None));
    }

    [Fact]
    public void A_content_larger_than_the_disk_is_an_error_before_anything_is_written()
    {
        var content = new ContentDescription(PieceLength.MaxContentSize, PieceLength.Max, Hash256.Compute([1]));
        var layer = new Hash256[content.PieceCount];
        Array.Fill(layer, Hash256.Compute([2]));
        using var part = PartFile.Open(_destination, content);
        part.SetPieceLayer(layer);

        var error = Assert.Throws<P2PShareException>(part.PrepareSpace);

        Assert.Contains(error.Code, new[] { ErrorCode.DiskFull, ErrorCode.PathUnwritable });
    }

    private static IEnumerable<int> Missing(PartFile part) => Enumerable.Range(0, Pieces).Where(piece => !part.Has(piece));

    private void Write(PartFile part, params int[] pieces)
    {
        foreach (var piece in pieces)
        {
            part.WritePiece(piece, _data.AsSpan(piece * Piece, Math.Min(Piece, _data.Length - piece * Piece)));
        }
    }

    private async Task<HashedFile> HashAsync(byte[] content)
    {
        var path = _folder.Combine("original");
        await File.WriteAllBytesAsync(path, content);
        return await FileHasher.HashAsync(path, null, _ => Piece, null, TimeProvider.System, CancellationToken.None);
    }
}
