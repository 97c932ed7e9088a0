using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;
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
    public async Task A_new_file_has_nothing_to_verify()
    {
        var file = await HashAsync();
        using var part = PartFile.Open(_destination, file.Content);

        await part.RestoreAsync(CancellationToken.None);

        Assert.False(part.HoldsUnrecorded);
        Assert.Equal(0, part.GetHave().Count);
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

    [LinuxFact]
    public async Task A_finished_file_is_not_locked_by_a_child_process_that_is_being_started()
    {
        var file = await HashAsync();
        using var part = PartFile.Open(_destination, file.Content);
        part.SetPieceLayer([.. file.PieceLayer]);
        for (var piece = 0; piece < 5; piece++)
        {
            Write(part, piece);
        }

        using var child = UnixFile.Duplicate(_destination + FileName.PartSuffix);
        part.Finish(_destination, overwrite: false);

        Assert.Equal(_data, File.ReadAllBytes(_destination));
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

    [LinuxFact]
    public void Only_a_regular_file_with_one_name_is_taken_for_a_part_file()
    {
        Directory.CreateDirectory(_folder.Combine("sub"));
        var part = UnixFile.MakeFifo(_destination + ".p2ppart");
        AssertRefused("a FIFO");

        File.Delete(part);
        File.WriteAllText(_folder.Combine("precious"), "kept");
        UnixFile.Link(_folder.Combine("precious"), part);
        AssertRefused("another name");
        Assert.Equal("kept", File.ReadAllText(_folder.Combine("precious")));
    }

    [LinuxFact(AsRoot = true)]
    public async Task A_part_file_that_another_user_planted_is_never_adopted()
    {
        var file = await HashAsync();
        Directory.CreateDirectory(_folder.Combine("sub"));
        var part = _destination + ".p2ppart";
        File.WriteAllBytes(part, _data);
        UnixFile.SetMode(part, "0666");
        UnixFile.GiveAway(part);

        AssertRefused("another user");

        File.Delete(part);
        using var own = PartFile.Open(_destination, file.Content);
        WriteAll(own);
        own.Finish(_destination, overwrite: false);
        Assert.Equal(UnixFile.UserId, SafeFile.Find(_destination)!.Value.Owner);
    }

    [LinuxFact]
    public async Task Only_its_user_can_read_a_part_file_until_it_is_finished()
    {
        var file = await HashAsync();
        var part = _destination + ".p2ppart";
        Directory.CreateDirectory(_folder.Combine("sub"));
        File.WriteAllBytes(part, _data);
        UnixFile.SetMode(part, "0666");

        using var opened = PartFile.Open(_destination, file.Content);
        Assert.Equal("0600", UnixFile.Mode(part));
        WriteAll(opened);
        opened.Finish(_destination, overwrite: false);

        File.WriteAllText(_folder.Combine("usual"), "");
        Assert.Equal(UnixFile.Mode(_folder.Combine("usual")), UnixFile.Mode(_destination));
    }

    [LinuxFact]
    public async Task A_subfolder_that_became_a_link_is_not_written_through()
    {
        var file = await HashAsync();
        using var elsewhere = new TemporaryFolder();
        Directory.CreateSymbolicLink(_folder.Combine("sub"), elsewhere.Path);

        var error = Assert.Throws<P2PShareException>(() => PartFile.Open(_destination, file.Content, _folder.Path));
        Assert.Equal(ErrorCode.DestinationInvalid, error.Code);
        Assert.Empty(Directory.GetFileSystemEntries(elsewhere.Path));

        // A person may name a link as the destination.
        using var named = PartFile.Open(_destination, file.Content, _folder.Combine("sub"));
        Assert.Single(Directory.GetFiles(elsewhere.Path));
    }

    [LinuxFact]
    public async Task A_folder_that_is_swapped_during_the_download_is_not_written_through()
    {
        var file = await HashAsync();
        using var elsewhere = new TemporaryFolder();
        using var part = PartFile.Open(_destination, file.Content, _folder.Path);
        Directory.Move(_folder.Combine("sub"), _folder.Combine("moved"));
        Directory.CreateSymbolicLink(_folder.Combine("sub"), elsewhere.Path);
        File.WriteAllText(elsewhere.Combine("data.bin"), "kept");

        WriteAll(part);
        part.Finish(_destination, overwrite: true);

        Assert.Equal("kept", File.ReadAllText(elsewhere.Combine("data.bin")));
        Assert.Equal(_data, await File.ReadAllBytesAsync(_folder.Combine("moved", "data.bin")));
    }

    [LinuxFact]
    public async Task A_part_file_that_is_swapped_again_and_again_is_never_written_elsewhere_or_taken_for_the_file()
    {
        var file = await HashAsync();
        Directory.CreateDirectory(_folder.Combine("sub"));
        var precious = _folder.Write("precious", new string('x', 100));
        var path = _destination + ".p2ppart";
        using var stop = new CancellationTokenSource();
        var swapping = Task.Run(() => SwapUntil(path, precious, stop.Token));
        for (var round = 0; round < 300; round++)
        {
            try
            {
                using var part = PartFile.Open(_destination, file.Content, _folder.Path);
                WriteAll(part);
                part.Record();
                part.Finish(_destination, overwrite: true);
                Assert.Equal(_data, await File.ReadAllBytesAsync(_destination));
            }
            catch (P2PShareException e)
            {
                Assert.Contains(e.Code, new[] { ErrorCode.DestinationInvalid, ErrorCode.PathUnwritable, ErrorCode.DestinationInUse });
            }
        }

        await stop.CancelAsync();
        await swapping;
        Assert.Equal(new string('x', 100), await File.ReadAllTextAsync(precious));
    }

    // In turn a link, another file and nothing.
    private static void SwapUntil(string path, string precious, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                File.Delete(path);
                File.CreateSymbolicLink(path, precious);
                File.Move(path, path + ".old", overwrite: true);
                File.WriteAllText(path + ".other", "planted");
                File.Move(path + ".other", path, overwrite: true);
                File.Delete(path);
            }
            catch (IOException)
            {
                // The part file came in between.
            }
        }
    }

    private void AssertRefused(string reason)
    {
        var error = Assert.Throws<P2PShareException>(() => PartFile.Open(_destination, new ContentDescription(10, PieceLength.Min, Hash256.Compute([1]))));
        Assert.Equal(ErrorCode.DestinationInvalid, error.Code);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Contains("Remove it", error.Message, StringComparison.Ordinal);
    }

    // Five pieces of one block.
    private async Task<HashedFile> HashAsync()
    {
        var path = _folder.Combine("original");
        await File.WriteAllBytesAsync(path, _data);
        return await FileHasher.HashAsync(path, null, _ => PieceLength.Block, null, TimeProvider.System, CancellationToken.None);
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
