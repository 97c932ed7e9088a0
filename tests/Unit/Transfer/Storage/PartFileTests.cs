using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Storage;

/// <summary>What a part file keeps, and what it finds again. Downloads that race for one file are in the integration tests.</summary>
public sealed class PartFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _data = new byte[5 * PieceLength.Block - 100];
    private readonly string _destination;

    public PartFileTests()
    {
        new Random(1).NextBytes(_data);
        _destination = _folder.Combine("sub", "data.bin");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_finished_file_has_its_name_and_exactly_its_bytes()
    {
        var file = await HashAsync();
        using var part = PartFile.Open(_destination, file.Content);
        part.SetPieceLayer([.. file.PieceLayer]);
        WriteAll(part);
        part.Record();
        Assert.True(part.GetHave().IsComplete);
        Assert.Equal(_data.Length, part.BytesVerified);

        part.Finish(_destination, overwrite: false);

        Assert.Equal(_data, await File.ReadAllBytesAsync(_destination));
        Assert.Single(Directory.GetFiles(_folder.Combine("sub")));
    }

    [Fact]
    public async Task Recorded_pieces_are_found_again()
    {
        var file = await HashAsync();
        using (var part = PartFile.Open(_destination, file.Content))
        {
            part.SetPieceLayer([.. file.PieceLayer]);
            Write(part, 1);
            Write(part, 4);
            part.Record();
        }

        using var again = PartFile.Open(_destination, file.Content);
        await again.RestoreAsync(CancellationToken.None);

        Assert.True(again.KnowsHashes);
        Assert.False(again.HoldsUnrecorded);
        Assert.Equal([1, 4], Enumerable.Range(0, 5).Where(again.Has));
        var read = new byte[PieceLength.Block];
        again.Read(PieceLength.Block, read);
        Assert.Equal(_data[PieceLength.Block..(2 * PieceLength.Block)], read);
    }

    [Fact]
    public async Task A_piece_that_was_written_after_the_last_record_is_found_again()
    {
        var file = await HashAsync();
        using (var part = PartFile.Open(_destination, file.Content))
        {
            part.SetPieceLayer([.. file.PieceLayer]);
            Write(part, 0);
            part.Record();
            Write(part, 3);
        }

        using var again = PartFile.Open(_destination, file.Content);
        await again.RestoreAsync(CancellationToken.None);

        Assert.Equal([0, 3], Enumerable.Range(0, 5).Where(again.Has));
    }

    [Fact]
    public async Task A_recorded_piece_that_was_changed_since_is_left_out()
    {
        var file = await HashAsync();
        using (var part = PartFile.Open(_destination, file.Content))
        {
            part.SetPieceLayer([.. file.PieceLayer]);
            WriteAll(part);
            part.Record();
        }

        using (var stream = File.OpenWrite(_destination + ".p2ppart"))
        {
            stream.Position = 2 * PieceLength.Block + 7;
            stream.WriteByte((byte)~_data[2 * PieceLength.Block + 7]);
        }

        using var again = PartFile.Open(_destination, file.Content);
        await again.RestoreAsync(CancellationToken.None);

        Assert.Equal([0, 1, 3, 4], Enumerable.Range(0, 5).Where(again.Has));
    }

    [Fact]
    public async Task Pieces_without_a_record_are_found_once_the_hashes_are_known()
    {
        var file = await HashAsync();
        using (var part = PartFile.Open(_destination, file.Content))
        {
            Write(part, 2);
            part.Record();
        }

        using var again = PartFile.Open(_destination, file.Content);
        await again.RestoreAsync(CancellationToken.None);
        Assert.Equal((true, false, 0), (again.HoldsUnrecorded, again.KnowsHashes, again.GetHave().Count));

        again.SetPieceLayer([.. file.PieceLayer]);
        await again.RestoreUnrecordedAsync(CancellationToken.None);

        Assert.Equal([2], Enumerable.Range(0, 5).Where(again.Has));
    }

    [Fact]
    public async Task A_destination_that_exists_is_replaced_only_if_that_was_asked_for()
    {
        var file = await HashAsync();
        using var part = PartFile.Open(_destination, file.Content);
        WriteAll(part);
        await File.WriteAllTextAsync(_destination, "other");

        var error = Assert.Throws<P2PShareException>(() => part.Finish(_destination, overwrite: false));
        Assert.Equal(ErrorCode.DestinationExists, error.Code);
        Assert.Equal("other", await File.ReadAllTextAsync(_destination));

        part.Finish(_destination, overwrite: true);
        Assert.Equal(_data, await File.ReadAllBytesAsync(_destination));
    }

    [Fact]
    public async Task A_part_file_that_is_held_is_neither_opened_nor_deleted()
    {
        var file = await HashAsync();
        Assert.False(PartFile.IsHeld(_destination));
        PartFile.Delete(_destination);
        using (PartFile.Open(_destination, file.Content))
        {
            Assert.True(PartFile.IsHeld(_destination));
            Assert.Equal(ErrorCode.DestinationInUse, Assert.Throws<P2PShareException>(() => PartFile.Open(_destination, file.Content)).Code);
            Assert.Equal(ErrorCode.DestinationInUse, Assert.Throws<P2PShareException>(() => PartFile.Delete(_destination)).Code);
        }

        Assert.False(PartFile.IsHeld(_destination));
        PartFile.Delete(_destination);
        Assert.Empty(Directory.GetFiles(_folder.Combine("sub")));
    }

    [Fact]
    public void A_folder_in_its_place_is_an_error_that_names_it()
    {
        Directory.CreateDirectory(_destination + ".p2ppart");

        var error = Assert.Throws<P2PShareException>(() => PartFile.Open(_destination, new ContentDescription(10, PieceLength.Min, Hash256.Compute([1]))));

        Assert.Equal(ErrorCode.PathUnwritable, error.Code);
        Assert.Contains("data.bin.p2ppart", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_symbolic_link_in_its_place_is_refused()
    {
        Directory.CreateDirectory(_folder.Combine("sub"));
        File.WriteAllText(_folder.Combine("target"), "kept");
        File.CreateSymbolicLink(_destination + ".p2ppart", _folder.Combine("target"));

        var error = Assert.Throws<P2PShareException>(() => PartFile.Open(_destination, new ContentDescription(10, PieceLength.Min, Hash256.Compute([1]))));

        Assert.Equal(ErrorCode.DestinationInvalid, error.Code);
        Assert.Equal("kept", File.ReadAllText(_folder.Combine("target")));
    }

    // Five pieces of one block.
    private async Task<HashedFile> HashAsync()
    {
        var path = _folder.Combine("original");
        await File.WriteAllBytesAsync(path, _data);
        return await FileHasher.HashAsync(path, _ => PieceLength.Block, null, CancellationToken.None);
    }

    private void Write(PartFile part, int piece)
    {
        var begin = piece * PieceLength.Block;
        part.WritePiece(piece, _data.AsSpan(begin, Math.Min(PieceLength.Block, _data.Length - begin)));
    }

    private void WriteAll(PartFile part)
    {
        for (var piece = 0; piece < 5; piece++)
        {
            Write(part, piece);
        }
    }
}
