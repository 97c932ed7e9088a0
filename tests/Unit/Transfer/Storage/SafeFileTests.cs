using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Storage;

public sealed class SafeFileTests : IDisposable
{
    private static readonly string[] MadeUp = ["/proc/self/status", "/proc/self/environ", "/sys/kernel/mm/transparent_hugepage/enabled"];

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
        Assert.Equal(3, SafeFile.Status(handle, _path).Stamp.Size);
        Assert.Throws<EndOfStreamException>(() => SafeFile.ReadExactly(handle, new byte[3], 1));
    }

    // A user who may read a file may lock it.
    [LinuxFact]
    public void A_lock_of_another_program_delays_and_ends_no_share()
    {
        File.WriteAllBytes(_path, [1, 2, 3]);
        using var held = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.None);

        using var handle = SafeFile.OpenShared(_path);
        using var below = SafeFile.OpenShared(_path, root: _folder.Path);

        Assert.Equal(3, SafeFile.Status(handle, _path).Stamp.Size);
        // Neither does a share hold up another program.
        held.Dispose();
        new FileStream(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
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
        Assert.False(ExclusiveFile.IsHeld(_path));
        using (OpenExclusive())
        {
            Assert.True(ExclusiveFile.IsHeld(_path));
            Assert.Equal(ErrorCode.DestinationInUse, FileErrors.Unwritable(_path, Assert.ThrowsAny<IOException>(() => OpenExclusive())).Code);
        }

        Assert.False(ExclusiveFile.IsHeld(_path));
    }

    [Fact]
    public void An_exclusive_file_that_exists_keeps_its_bytes()
    {
        File.WriteAllBytes(_path, [1, 2, 3]);
        OpenExclusive().Dispose();
        Assert.Equal([1, 2, 3], File.ReadAllBytes(_path));
    }

    [Fact]
    public void A_lock_is_taken_by_one_holder_at_a_time()
    {
        using (var first = PrivateFile.TryLock(_path))
        {
            Assert.NotNull(first);
            Assert.Null(PrivateFile.TryLock(_path));
        }

        using var second = PrivateFile.TryLock(_path);
        Assert.NotNull(second);
    }

    [Fact]
    public void A_private_file_replaces_the_old_one_and_only_its_user_can_read_it()
    {
        File.WriteAllText(_path, "old and longer");
        File.WriteAllText($"{_path}.{Environment.ProcessId}.new", "left by a crash");

        PrivateFile.Write(_path, "new"u8);

        Assert.Equal("new", File.ReadAllText(_path));
        Assert.Single(Directory.GetFiles(_folder.Path));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_path));
        }
    }

    [LinuxFact]
    public void Only_a_regular_file_is_opened_and_nothing_is_waited_for()
    {
        string[] paths = [UnixFile.MakeFifo(_path), "/dev/null", "/dev/zero"];
        foreach (var path in paths)
        {
            var error = Assert.Throws<P2PShareException>(() => SafeFile.OpenShared(path));

            Assert.Equal(ErrorCode.PathUnreadable, error.Code);
            Assert.Equal($"'{path}' is a FIFO, a socket or a device; a regular file was expected.", error.Message);
        }
    }

    [LinuxFact]
    public void A_file_that_the_kernel_makes_up_is_not_shared_as_an_empty_one()
    {
        foreach (var path in MadeUp.Where(File.Exists))
        {
            var error = Assert.Throws<P2PShareException>(() => SafeFile.OpenShared(path));

            Assert.Equal(ErrorCode.PathUnreadable, error.Code);
            Assert.StartsWith($"'{path}' is made up by the system", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_link_is_not_followed_and_one_above_the_file_only_if_a_person_named_it()
    {
        File.WriteAllText(_folder.Combine("target"), "private");
        File.CreateSymbolicLink(_path, _folder.Combine("target"));
        Directory.CreateDirectory(_folder.Combine("real", "sub"));
        File.WriteAllText(_folder.Combine("real", "sub", "file"), "shared");
        Directory.CreateSymbolicLink(_folder.Combine("named"), _folder.Combine("real"));
        Directory.CreateSymbolicLink(_folder.Combine("real", "swapped"), _folder.Combine("real", "sub"));

        Assert.Equal(ErrorCode.PathUnreadable, Assert.Throws<P2PShareException>(() => SafeFile.OpenShared(_path)).Code);
        SafeFile.OpenShared(_folder.Combine("named", "sub", "file"), root: _folder.Combine("named")).Dispose();
        SafeFile.OpenShared(_folder.Combine("real", "swapped", "file")).Dispose();
        var error = Assert.Throws<P2PShareException>(() => SafeFile.OpenShared(_folder.Combine("named", "swapped", "file"), root: _folder.Combine("named")));
        Assert.Contains("'" + _folder.Combine("named", "swapped") + "' is a symbolic link", error.Message, StringComparison.Ordinal);
    }

    [LinuxFact]
    public void A_file_that_changed_in_any_way_has_another_stamp()
    {
        File.WriteAllText(_path, "one");
        var before = SafeFile.Find(_path)!.Value.Stamp;
        using (var stream = File.OpenWrite(_path))
        {
            stream.Write("two"u8);
        }

        File.SetLastWriteTimeUtc(_path, before.Modified.UtcDateTime);
        var edited = SafeFile.Find(_path)!.Value.Stamp;
        Assert.Equal((before.Size, before.Modified), (edited.Size, edited.Modified));
        Assert.False(before.Identity!.Value.IsUnchanged(edited.Identity!.Value));

        File.Copy(_path, _path + ".copy");
        File.SetLastWriteTimeUtc(_path + ".copy", before.Modified.UtcDateTime);
        Assert.False(edited.Identity.Value.IsUnchanged(SafeFile.Find(_path + ".copy")!.Value.Stamp.Identity!.Value));
    }

    private SafeFileHandle OpenExclusive()
    {
        using var folder = SafeFolder.Open(_folder.Path);
        return ExclusiveFile.Open(folder, "file", out _);
    }
}
