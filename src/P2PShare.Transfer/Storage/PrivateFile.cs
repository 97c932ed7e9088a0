using Microsoft.Win32.SafeHandles;

namespace P2PShare.Transfer.Storage;

/// <summary>Files of the state folder, which only this user can read and write (on Windows the folder's rights apply).</summary>
internal static class PrivateFile
{
    public const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    public const UnixFileMode FolderMode = Mode | UnixFileMode.UserExecute;

    // Few of them are larger, whatever another program has put there.
    private const int MaxLength = 1024 * 1024;

    /// <param name="maxLength">Most bytes that it can have.</param>
    /// <returns>The bytes; null if there is no such file.</returns>
    /// <exception cref="IOException">It is not a regular file, too long, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be read.</exception>
    public static byte[]? Read(string path, int maxLength = MaxLength)
    {
        if (Check(path) is null)
        {
            return null;
        }

        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var length = RandomAccess.GetLength(handle);
        if (length > maxLength)
        {
            throw new IOException($"'{path}' has {length} bytes; at most {maxLength} were expected.");
        }

        var bytes = new byte[length];
        SafeFile.ReadExactly(handle, bytes, 0);
        return bytes;
    }

    /// <summary>Replaces a file in one step; after a crash or a power failure it is the old one or the new one.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        Check(path);
        // Of this process alone: two shells may write at the same time.
        var temporary = $"{path}.{Environment.ProcessId}.new";
        File.Delete(temporary);
        using (var handle = TryOpen(temporary, isNew: true))
        {
            RandomAccess.Write(handle!, bytes, 0);
            RandomAccess.FlushToDisk(handle!);
        }

        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Takes a lock file. The lock ends when the result is disposed, or with the process.</summary>
    /// <returns>Null while another process holds it.</returns>
    /// <exception cref="IOException">It is not a regular file, or cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be created.</exception>
    public static SafeFileHandle? TryLock(string path)
    {
        Check(path);
        return TryOpen(path, isNew: false);
    }

    /// <summary>Makes an empty file unless there is one, and takes other users' rights to one that there is.</summary>
    /// <exception cref="IOException">It is not a regular file, or cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be created.</exception>
    public static void Ensure(string path)
    {
        if (Check(path) is null)
        {
            TryOpen(path, isNew: false)?.Dispose();
        }
    }

    /// <summary>Takes other users' rights to a file, and gives this user theirs, if it exists.</summary>
    /// <exception cref="IOException">It is not a regular file.</exception>
    /// <exception cref="UnauthorizedAccessException">It belongs to another user.</exception>
    public static FileStatus? Check(string path)
    {
        if (SafeFile.Find(path) is not { } found)
        {
            return null;
        }

        if (found.Kind != FileKind.File)
        {
            throw new IOException($"'{path}' is {FileErrors.Describe(found.Kind)}; a regular file was expected. Move it away.");
        }

        if (!OperatingSystem.IsWindows() && found.Mode != Mode)
        {
            File.SetUnixFileMode(path, Mode);
        }

        return found;
    }

    // Null if another process holds it.
    private static SafeFileHandle? TryOpen(string path, bool isNew)
    {
        if (OperatingSystem.IsLinux())
        {
            var flags = LinuxCalls.ReadWrite | LinuxCalls.Create | LinuxCalls.NoFollow | LinuxCalls.NonBlocking | (isNew ? LinuxCalls.Exclusive : 0);
            var opened = LinuxCalls.Open(null, path, flags, Mode, out var error);
            if (error != 0)
            {
                throw LinuxCalls.Error(error, path);
            }

            if (LinuxCalls.TryLock(opened, exclusive: true))
            {
                return opened;
            }

            opened.Dispose();
            return null;
        }

        try
        {
            var handle = File.OpenHandle(path, isNew ? FileMode.CreateNew : FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(handle, Mode);
            }

            return handle;
        }
        catch (IOException) when (!isNew && File.Exists(path))
        {
            return null;
        }
    }
}
