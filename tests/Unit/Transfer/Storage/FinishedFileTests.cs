using System.Runtime.Versioning;
using P2PShare.Protocol.Names;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Storage;

/// <summary>What a received file has of the attributes of its entry, in both ways of writing it.</summary>
public sealed class FinishedFileTests : IDisposable
{
    private static readonly byte[] Bytes = new byte[1000];
    private static readonly EntryAttributes Attributes = new(new DateTimeOffset(2001, 2, 3, 4, 5, 6, TimeSpan.Zero).AddTicks(1234567), Executable: true);

    private readonly TemporaryFolder _folder = new();
    private readonly string _destination;

    public FinishedFileTests()
    {
        Bytes[0] = 1;
        _destination = _folder.Combine("program");
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Its_time_is_the_entrys_and_its_stamp_is_the_one_after_that(bool isSmall, bool overwrite)
    {
        if (overwrite)
        {
            _folder.Write("program", "before");
        }

        var stamp = Write(isSmall, Attributes, overwrite);

        Assert.Equal(Attributes.Modified!.Value.UtcDateTime, File.GetLastWriteTimeUtc(_destination));
        Assert.Equal(SafeFile.Find(_destination)!.Value.Stamp, stamp);
        Assert.Equal(Attributes.Modified, stamp.Modified);
        Assert.Equal(Bytes, await File.ReadAllBytesAsync(_destination));
    }

    [LinuxTheory]
    [UnsupportedOSPlatform("windows")]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(false, null)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(true, null)]
    public void Those_who_can_read_a_new_file_can_execute_it_if_the_entry_is_executable(bool isSmall, bool? executable)
    {
        var usual = File.GetUnixFileMode(_folder.Write("usual", ""));
        var mayRead = usual & (UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);

        Write(isSmall, new EntryAttributes(null, executable), overwrite: false);

        Assert.Equal(executable == true ? usual | (UnixFileMode)((int)mayRead >> 2) : usual, File.GetUnixFileMode(_destination));
    }

    [LinuxTheory]
    [UnsupportedOSPlatform("windows")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_hashed_file_has_the_attributes_of_its_entry(bool executable)
    {
        var path = _folder.Write("program", "bytes");
        UnixFile.SetMode(path, executable ? "0744" : "0655");
        File.SetLastWriteTimeUtc(path, Attributes.Modified!.Value.UtcDateTime);

        var file = await FileHasher.HashAsync(path, null, CancellationToken.None);

        Assert.Equal(Attributes with { Executable = executable }, file.Attributes);
    }

    [Theory]
    [InlineData("1601-01-01")]
    [InlineData("1969-12-31T23:59:59.9999999")]
    [InlineData("9999-12-31T23:59:59.9999999")]
    public void A_time_that_the_file_system_does_not_keep_is_no_error(string modified)
    {
        var time = DateTimeOffset.Parse(modified, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal);

        Write(isSmall: true, new EntryAttributes(time, null), overwrite: false);
        Write(isSmall: false, new EntryAttributes(time, null), overwrite: true);

        Assert.Equal(SafeFile.Find(_destination)!.Value.Stamp.Modified.UtcDateTime, File.GetLastWriteTimeUtc(_destination));
    }

    private FileStamp Write(bool isSmall, EntryAttributes attributes, bool overwrite)
    {
        var content = new P2PShare.Protocol.Content.ContentDescription(Bytes.Length, 65536, HashTree.ContentRoot(Bytes));
        if (isSmall)
        {
            using var folder = SafeFolder.Open(_folder.Path);
            var request = new DownloadRequest(TestIds.Group("dev"), "program", content, _destination, overwrite) { Attributes = attributes };
            return WholeFile.TryWrite(folder, request, Bytes)!.Value;
        }

        using var part = PartFile.Open(_destination, content);
        part.WritePiece(0, Bytes);
        return part.Finish(_destination, overwrite, attributes);
    }
}
