using P2PShare.Protocol;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Storage;

public sealed class SafeFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _path;

    public SafeFileTests() => _path = _folder.Combine("file");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_is_read_while_others_write_and_replace_it()
    {
        File.WriteAllBytes(_path, [1, 2, 3]);
        using var handle = SafeFile.OpenShared(_path);
        File.WriteAllBytes(_path, [4, 5, 6]);
        File.Move(_path, _path + ".moved");

        var read = new byte[2];
        SafeFile.ReadExactly(handle, read, 1);

        Assert.Equal([5, 6], read);
        Assert.Equal(3, SafeFile.Stat(handle).Size);
        Assert.Throws<EndOfStreamException>(() => SafeFile.ReadExactly(handle, new byte[3], 1));
    }

    [Fact]
    public void A_missing_file_and_a_folder_are_errors_that_name_the_path()
    {
        var missing = Assert.Throws<P2PShareException>(() => SafeFile.OpenShared(_path));
        Assert.Equal(ErrorCode.PathNotFound, missing.Code);
        Assert.Contains(_path, missing.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.PathNotFound, Assert.Throws<P2PShareException>(() => SafeFile.OpenShared(_folder.Combine("no", "file"))).Code);

        var folder = Assert.Throws<P2PShareException>(() => SafeFile.OpenShared(_folder.Path));
        Assert.Equal(ErrorCode.PathIsFolder, folder.Code);
        Assert.Contains(_folder.Path, folder.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_exclusive_file_is_held_and_refused_to_others()
    {
        Assert.False(SafeFile.IsHeld(_path));
        using (SafeFile.OpenExclusive(_path, 12345))
        {
            Assert.True(SafeFile.IsHeld(_path));
            Assert.Equal(ErrorCode.DestinationInUse, SafeFile.Unwritable(_path, Assert.ThrowsAny<IOException>(() => SafeFile.OpenExclusive(_path, 1))).Code);
        }

        Assert.False(SafeFile.IsHeld(_path));
    }

    [Fact]
    public void An_exclusive_file_that_exists_keeps_its_bytes()
    {
        File.WriteAllBytes(_path, [1, 2, 3]);
        SafeFile.OpenExclusive(_path, 100).Dispose();
        Assert.Equal([1, 2, 3], File.ReadAllBytes(_path));
    }

    [Fact]
    public void A_file_larger_than_the_disk_is_an_error_at_once()
    {
        var error = Assert.ThrowsAny<Exception>(() => SafeFile.OpenExclusive(_path, long.MaxValue / 2));
        Assert.Contains(
            error is P2PShareException known ? known.Code : SafeFile.Unwritable(_path, error).Code, new[] { ErrorCode.DiskFull, ErrorCode.PathUnwritable });
    }

    [Fact]
    public void A_lock_is_taken_by_one_holder_at_a_time()
    {
        using (var first = SafeFile.TryLock(_path))
        {
            Assert.NotNull(first);
            Assert.Null(SafeFile.TryLock(_path));
        }

        using var second = SafeFile.TryLock(_path);
        Assert.NotNull(second);
    }

    [Fact]
    public void A_private_file_replaces_the_old_one_and_only_its_user_can_read_it()
    {
        File.WriteAllText(_path, "old and longer");
        File.WriteAllText(_path + ".new", "left by a crash");

        SafeFile.WritePrivate(_path, "new"u8);

        Assert.Equal("new", File.ReadAllText(_path));
        Assert.False(File.Exists(_path + ".new"));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_path));
        }
    }
}
