using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;

namespace P2PShare.Transfer.Storage;

/// <summary>
/// Opens files that other programs and other users may touch at the same time: only regular files, without following a link, and
/// without waiting for anything. Each error is a sentence that names the file.
/// </summary>
internal static class SafeFile
{
    /// <summary>Opens a file of the user for reading. Others may replace or delete it meanwhile: what was hashed is checked again before it is served.</summary>
    /// <param name="root">A folder above the file that a person named: no link between the two is followed. Null: the person named the file.</param>
    /// <exception cref="P2PShareException">PathNotFound, PathIsFolder or PathUnreadable.</exception>
    public static SafeFileHandle OpenShared(string path, string? root = null)
    {
        try
        {
            var handle = OpenRegular(path, root, FileShare.ReadWrite | FileShare.Delete);
            if (IsMadeUp(handle, path))
            {
                handle.Dispose();
                throw new P2PShareException(
                    ErrorCode.PathUnreadable, $"'{path}' is made up by the system while it is read, and cannot be shared. Copy it to a file, and share that.");
            }

            return handle;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.OpenFailed(path, e);
        }
    }

    /// <summary>Reads the first bytes of a shared file, which the caller checks: whatever has the path by now.</summary>
    /// <exception cref="P2PShareException">PathNotFound, PathIsFolder, PathUnreadable, or SourceFileChanged if it is too short.</exception>
    public static void ReadShared(string path, Span<byte> buffer)
    {
        try
        {
            using var handle = OpenRegular(path, root: null, FileShare.ReadWrite | FileShare.Delete);
            ReadExactly(handle, buffer, 0);
        }
        catch (EndOfStreamException)
        {
            throw FileErrors.Changed(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.OpenFailed(path, e);
        }
    }

    /// <summary>The status of a path; a link as its last component is not followed.</summary>
    /// <returns>Null if there is no such file.</returns>
    /// <exception cref="IOException">It cannot be found out.</exception>
    /// <exception cref="UnauthorizedAccessException">A folder above it cannot be entered.</exception>
    public static FileStatus? Find(string path)
    {
        if (OperatingSystem.IsLinux())
        {
            return LinuxCalls.Find(null, path, path);
        }

        FileSystemInfo file = Directory.Exists(path) ? new DirectoryInfo(path) : new FileInfo(path);
        if (file.LinkTarget is not null)
        {
            return new FileStatus(FileKind.Link, UnixFileMode.None, 0, 1, default);
        }

        if (file is DirectoryInfo || !file.Exists)
        {
            return file.Exists ? new FileStatus(FileKind.Folder, UnixFileMode.None, 0, 1, default) : null;
        }

        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return Status(handle, path);
    }

    /// <param name="cachedOnly">Does not ask the server of a network file system.</param>
    public static FileStatus Status(SafeFileHandle handle, string path, bool cachedOnly = false) =>
        OperatingSystem.IsLinux() ? LinuxCalls.Status(handle, path, cachedOnly)
        : OperatingSystem.IsWindows() ? WindowsCalls.Status(handle, path)
        : StatusElsewhere(handle);

    /// <exception cref="EndOfStreamException">The file is shorter than <paramref name="offset"/> and the buffer.</exception>
    public static void ReadExactly(SafeFileHandle handle, Span<byte> buffer, long offset)
    {
        while (!buffer.IsEmpty)
        {
            var read = RandomAccess.Read(handle, buffer, offset);
            if (read == 0)
            {
                throw new EndOfStreamException();
            }

            buffer = buffer[read..];
            offset += read;
        }
    }

    /// <summary>Opens a regular file that no process holds, without following a link as the last component.</summary>
    /// <param name="share">Delete: holds it exclusively, to delete it.</param>
    /// <exception cref="P2PShareException">PathIsFolder or PathUnreadable.</exception>
    public static SafeFileHandle OpenUnheld(string path, FileShare share = FileShare.ReadWrite | FileShare.Delete)
    {
        var handle = OpenRegular(path, root: null, share);
        return !OperatingSystem.IsLinux() || LinuxCalls.TryLock(handle, exclusive: share == FileShare.Delete)
            ? handle
            : throw FileErrors.Close(handle, new IOException("Another program holds it.", LinuxCalls.WouldBlock));
    }

    // On Linux without a lock: a user who may read a file may lock it for as long as she likes.
    private static SafeFileHandle OpenRegular(string path, string? root, FileShare share)
    {
        var handle = OperatingSystem.IsLinux() ? OpenOnLinux(path, root) : OpenElsewhere(path, root, share);
        try
        {
            return Status(handle, path).Kind is var kind and not FileKind.File ? throw FileErrors.NotRegular(path, kind) : handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static SafeFileHandle OpenOnLinux(string path, string? root)
    {
        using var folder = root is null ? null : SafeFolder.OpenBelow(root, Path.GetDirectoryName(path)!);
        var handle = LinuxCalls.Open(
            folder?.Handle, folder is null ? path : Path.GetFileName(path), LinuxCalls.NoFollow | LinuxCalls.NonBlocking, UnixFileMode.None, out var error);
        return error switch
        {
            0 => handle,
            LinuxCalls.Loop => throw FileErrors.NotRegular(path, FileKind.Link),
            _ => throw LinuxCalls.Error(error, path),
        };
    }

    private static SafeFileHandle OpenElsewhere(string path, string? root, FileShare share)
    {
        using var folder = root is null ? null : SafeFolder.OpenBelow(root, Path.GetDirectoryName(path)!);
        if (Directory.Exists(path) || new FileInfo(path).LinkTarget is not null)
        {
            throw FileErrors.NotRegular(path, new FileInfo(path).LinkTarget is null ? FileKind.Folder : FileKind.Link);
        }

        return File.OpenHandle(path, FileMode.Open, FileAccess.Read, share);
    }

    private static FileStatus StatusElsewhere(SafeFileHandle handle)
    {
        if (File.GetAttributes(handle).HasFlag(FileAttributes.Directory))
        {
            return new FileStatus(FileKind.Folder, UnixFileMode.None, 0, 1, default);
        }

        try
        {
            return new FileStatus(
                FileKind.File, OperatingSystem.IsWindows() ? UnixFileMode.None : File.GetUnixFileMode(handle), 0, 1,
                new FileStamp(RandomAccess.GetLength(handle), new DateTimeOffset(File.GetLastWriteTimeUtc(handle), TimeSpan.Zero), null));
        }
        catch (NotSupportedException)
        {
            // It has no length.
            return new FileStatus(FileKind.Special, UnixFileMode.None, 0, 1, default);
        }
    }

    // A file that reports no size and has bytes, or one of the file systems that show the kernel's state.
    private static bool IsMadeUp(SafeFileHandle handle, string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        if (LinuxCalls.IsOfKernel(handle))
        {
            return true;
        }

        return Status(handle, path).Stamp.Size == 0
            && RandomAccess.Read(handle, new byte[1], 0) > 0
            && Status(handle, path).Stamp.Size == 0;
    }
}
