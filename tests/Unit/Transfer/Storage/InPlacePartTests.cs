using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Storage;

/// <summary>A file that is updated in place: what becomes of it when nothing was changed, something, and all.</summary>
public sealed class InPlacePartTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _new = new byte[10 * PieceLength.Block - 100];
    private readonly string _destination;

    public InPlacePartTests()
    {
        new Random(1).NextBytes(_new);
        _destination = _folder.Combine("data.bin");
    }

    private string Part => _destination + FileName.PartSuffix;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(-50_000)]
    [InlineData(0)]
    [InlineData(50_000)]
    public async Task Equal_pieces_are_kept_and_the_others_are_written_into_the_file(int longer)
    {
        var file = await PutOldAsync(longer, changed: [1, 4]);
        var before = SafeFile.Find(_destination)!.Value;
        using var part = PartFile.Open(_destination, file.Content, inPlace: true);
        Assert.False(File.Exists(_destination));
        await part.RestoreAsync(CancellationToken.None);
        part.SetPieceLayer([.. file.PieceLayer]);
        part.PrepareSpace();
        await part.RestoreUnrecordedAsync(CancellationToken.None);

        int[] missing = longer < 0 ? [1, 4, 6, 7, 8, 9] : [1, 4];
        Assert.Equal(missing, Enumerable.Range(0, 10).Where(piece => !part.Has(piece)));
        Array.ForEach(missing, piece => Write(part, piece));
        part.Record();
        part.Finish(_destination, overwrite: true);

        Assert.Equal(_new, await File.ReadAllBytesAsync(_destination));
        Assert.False(File.Exists(Part));
        Assert.True(!OperatingSystem.IsLinux() || SafeFile.Find(_destination)!.Value.IsSameFile(before));
    }

    [Theory]
    [InlineData(-50_000)]
    [InlineData(0)]
    [InlineData(50_000)]
    public async Task A_file_that_was_not_changed_gets_its_name_bytes_and_attributes_back(int longer)
    {
        var file = await PutOldAsync(longer, changed: [1]);
        UnixFile.SetMode(_destination, "0640");
        File.SetLastWriteTimeUtc(_destination, new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        var old = await File.ReadAllBytesAsync(_destination);
        using (var part = PartFile.Open(_destination, file.Content, inPlace: true))
        {
            await part.RestoreAsync(CancellationToken.None);
            part.SetPieceLayer([.. file.PieceLayer]);
            part.PrepareSpace();
            await part.RestoreUnrecordedAsync(CancellationToken.None);
            part.Record();
        }

        Assert.Equal(old, await File.ReadAllBytesAsync(_destination));
        Assert.False(File.Exists(Part));
        Assert.Equal(new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc), File.GetLastWriteTimeUtc(_destination));
        Assert.True(OperatingSystem.IsWindows() || UnixFile.Mode(_destination) == "0640");
    }

    [Fact]
    public async Task A_file_that_was_changed_stays_a_part_and_is_continued()
    {
        var file = await PutOldAsync(0, changed: [1, 4]);
        using (var part = PartFile.Open(_destination, file.Content, inPlace: true))
        {
            part.SetPieceLayer([.. file.PieceLayer]);
            part.PrepareSpace();
            await part.RestoreUnrecordedAsync(CancellationToken.None);
            Write(part, 1);
            part.Record();
        }

        Assert.False(File.Exists(_destination));
        using var again = PartFile.Open(_destination, file.Content, inPlace: true);
        await again.RestoreAsync(CancellationToken.None);
        Assert.Equal([4], Enumerable.Range(0, 10).Where(piece => !again.Has(piece)));
        Write(again, 4);
        again.Finish(_destination, overwrite: true);
        Assert.Equal(_new, await File.ReadAllBytesAsync(_destination));
    }

    [LinuxFact]
    public async Task A_file_keeps_its_permissions_and_after_a_crash_those_of_its_owner()
    {
        var file = await PutOldAsync(0, changed: [1, 4]);
        UnixFile.SetMode(_destination, "0640");
        await FinishAsync(new EntryAttributes(null, Executable: true));
        Assert.Equal("0750", UnixFile.Mode(_destination));

        await PutOldAsync(0, changed: [1, 4]);
        UnixFile.SetMode(_destination, "0640");
        using (var part = await PrepareAsync())
        {
            Write(part, 1);
        }

        await FinishAsync(EntryAttributes.None);
        Assert.Equal("0600", UnixFile.Mode(_destination));

        async Task<PartFile> PrepareAsync()
        {
            var part = PartFile.Open(_destination, file.Content, inPlace: true);
            part.SetPieceLayer([.. file.PieceLayer]);
            part.PrepareSpace();
            await part.RestoreUnrecordedAsync(CancellationToken.None);
            return part;
        }

        async Task FinishAsync(EntryAttributes attributes)
        {
            using var part = await PrepareAsync();
            foreach (var piece in Enumerable.Range(0, 10).Where(piece => !part.Has(piece)))
            {
                Write(part, piece);
            }

            part.Finish(_destination, overwrite: true, attributes);
        }
    }

    [Fact]
    public async Task A_piece_that_comes_after_the_file_was_given_back_is_not_written()
    {
        var file = await PutOldAsync(0, changed: [1]);
        var old = await File.ReadAllBytesAsync(_destination);
        var part = PartFile.Open(_destination, file.Content, inPlace: true);
        part.SetPieceLayer([.. file.PieceLayer]);
        part.PrepareSpace();

        part.Dispose();

        Assert.Throws<ObjectDisposedException>(() => Write(part, 1));
        Assert.Equal(old, await File.ReadAllBytesAsync(_destination));
    }

    [Fact]
    public async Task A_file_that_another_process_took_as_its_part_meanwhile_is_left_to_it()
    {
        var file = await PutOldAsync(0, changed: [1]);
        using var folder = SafeFolder.Open(_folder.Path);
        var replaced = ReplacedFile.TryTake(folder, "data.bin")!;
        using (PartFile.Open(_destination, file.Content))
        {
            Assert.False(replaced.TryRestore(null));
            Assert.True(File.Exists(Part));
        }

        Assert.True(replaced.TryRestore(null));
        Assert.True(File.Exists(_destination));
    }

    [Fact]
    public async Task What_is_left_of_a_file_is_not_deleted_with_its_download()
    {
        var file = await PutOldAsync(0, changed: [1]);
        File.Move(_destination, Part);
        var state = StateFolder.Open(_folder.Combine("state"));
        var store = new DownloadStore(state, new TrackerAccount(Guid.NewGuid(), "alice"));
        var request = new DownloadRequest(TestIds.Group("dev"), "data.bin", file.Content, _destination, Overwrite: true) { InPlace = true };

        var error = await Assert.ThrowsAsync<P2PShareException>(
            () => store.RemoveAsync(new SavedDownload(Guid.NewGuid(), request, DownloadState.Stopped, null, 0, DateTimeOffset.UtcNow)));

        Assert.Equal(ErrorCode.DestinationInvalid, error.Code);
        Assert.Contains("all that is left", error.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(Part));
    }

    [Fact]
    public async Task A_file_that_is_equal_is_finished_without_a_write()
    {
        var file = await PutOldAsync(70_000, changed: []);
        using var part = PartFile.Open(_destination, file.Content, inPlace: true);
        part.SetPieceLayer([.. file.PieceLayer]);
        part.PrepareSpace();
        await part.RestoreUnrecordedAsync(CancellationToken.None);
        Assert.True(part.GetHave().IsComplete);

        part.Finish(_destination, overwrite: true);

        Assert.Equal(_new, await File.ReadAllBytesAsync(_destination));
    }

    [LinuxFact]
    public async Task A_file_with_another_name_a_link_and_one_beside_an_unfinished_download_are_refused()
    {
        var file = await PutOldAsync(0, changed: [1]);
        var old = await File.ReadAllBytesAsync(_destination);
        UnixFile.Link(_destination, _folder.Combine("other"));
        AssertRefused(file.Content, ErrorCode.DestinationInvalid, "another name");
        File.Delete(_folder.Combine("other"));

        File.WriteAllText(Part, "begun");
        AssertRefused(file.Content, ErrorCode.DestinationInUse, "an unfinished download is beside it");
        Assert.Equal("begun", File.ReadAllText(Part));
        Assert.Equal(old, await File.ReadAllBytesAsync(_destination));
        File.Delete(Part);

        File.Move(_destination, _folder.Combine("target"));
        File.CreateSymbolicLink(_destination, _folder.Combine("target"));
        AssertRefused(file.Content, ErrorCode.DestinationInvalid, "a symbolic link");
        Assert.Equal(old, await File.ReadAllBytesAsync(_folder.Combine("target")));
    }

    [LinuxFact(AsRoot = true)]
    public async Task A_file_of_another_user_is_refused()
    {
        var file = await PutOldAsync(0, changed: [1]);
        UnixFile.GiveAway(_destination);

        AssertRefused(file.Content, ErrorCode.DestinationInvalid, "another user");
        Assert.True(File.Exists(_destination));
    }

    private void AssertRefused(ContentDescription content, string code, string why)
    {
        var error = Assert.Throws<P2PShareException>(() => PartFile.Open(_destination, content, inPlace: true));
        Assert.Equal(code, error.Code);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    private void Write(PartFile part, int piece)
    {
        var begin = piece * PieceLength.Block;
        part.WritePiece(piece, _new.AsSpan(begin, Math.Min(PieceLength.Block, _new.Length - begin)));
    }

    // The file as it was before: other bytes in some pieces, longer or shorter.
    private async Task<HashedFile> PutOldAsync(int longer, int[] changed)
    {
        var path = _folder.Combine("original");
        await File.WriteAllBytesAsync(path, _new);
        var file = await FileHasher.HashAsync(path, null, _ => PieceLength.Block, null, TimeProvider.System, CancellationToken.None);
        var old = new byte[_new.Length + longer];
        Array.Fill(old, (byte)7);
        _new.AsSpan(0, Math.Min(_new.Length, old.Length)).CopyTo(old);
        Array.ForEach(changed, piece => old[piece * PieceLength.Block] ^= 1);
        await File.WriteAllBytesAsync(_destination, old);
        return file;
    }
}
