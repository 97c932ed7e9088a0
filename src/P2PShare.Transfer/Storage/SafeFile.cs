using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;

namespace P2PShare.Transfer.Storage;

/// <summary>Opens, reads and writes files that other programs may touch at the same time. Each error is a sentence that names the file.</summary>
internal static class SafeFile
{
    // What the runtime reports when the space of a new file could not be reserved, whatever the cause.
    private const int UnknownIOError = unchecked((int)0x80131620);

    /// <summary>Opens a file of the user for reading. Others may replace or delete it meanwhile: what was hashed is checked again before it is served.</summary>
    /// <exception cref="P2PShareException">PathNotFound, PathIsFolder or PathUnreadable.</exception>
    public static SafeFileHandle OpenShared(string path)
    {
        if (Directory.Exists(path))
        {
            throw new P2PShareException(ErrorCode.PathIsFolder, $"'{path}' is a folder; a file was expected.");
        }

        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new P2PShareException(ErrorCode.PathNotFound, $"The file '{path}' does not exist. Check the path.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    /// <summary>Opens a file that no other process may open, and creates it with <paramref name="size"/> bytes reserved if it is missing.</summary>
    /// <exception cref="P2PShareException">DiskFull.</exception>
    /// <exception cref="IOException">Another process holds it, or it cannot be written: see <see cref="Unwritable"/>.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public static SafeFileHandle OpenExclusive(string path, long size)
    {
        const int WindowsFileExists = unchecked((int)0x80070050);
        const int UnixFileExists = 17;
        while (true)
        {
            var isNew = !File.Exists(path);
            try
            {
                // Reserving the space at once shows a disk that is too full now, and makes writing faster.
                var handle = isNew
                    ? File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.None, size)
                    : File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                if (File.Exists(path))
                {
                    return handle;
                }

                // Its holder renamed it before this handle was opened: writing here would change the finished file.
                handle.Dispose();
            }
            catch (IOException e) when (isNew ? e.HResult is WindowsFileExists or UnixFileExists && !Directory.Exists(path) : e is FileNotFoundException)
            {
                // Another process created or renamed the file in between.
            }
            catch (IOException e) when (isNew && e.HResult == UnknownIOError && IsTooFull(path, size))
            {
                throw DiskFull(path, e);
            }
        }
    }

    /// <summary>Whether a process holds the file exclusively. False if there is no such file.</summary>
    public static bool IsHeld(string path)
    {
        try
        {
            // Shared with other callers of this method, and refused while a process holds the file exclusively.
            File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete).Dispose();
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Unwritable(path, e).Code == ErrorCode.DestinationInUse;
        }
    }

    /// <summary>Deletes a file unless a process holds it. Does nothing if there is no such file.</summary>
    /// <exception cref="P2PShareException">DestinationInUse, PathUnwritable.</exception>
    public static void Delete(string path)
    {
        try
        {
            // Held while it is deleted: no process begins to write to a file that is about to vanish.
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Delete);
            File.Delete(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // There is nothing to delete.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(path, e);
        }
    }

    /// <summary>Takes a lock file. The lock ends when the result is disposed, or with the process.</summary>
    /// <returns>Null while another process holds it.</returns>
    /// <exception cref="IOException">The file cannot be created.</exception>
    public static FileStream? TryLock(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
    }

    /// <summary>Replaces a file in one step by one that only this user can read (on Unix; on Windows the folder's rights apply).</summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static void WritePrivate(string path, ReadOnlySpan<byte> bytes)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var temporary = path + ".new";
        File.Delete(temporary);
        using (var file = new FileStream(temporary, options))
        {
            file.Write(bytes);
        }

        File.Move(temporary, path, overwrite: true);
    }

    public static (long Size, DateTimeOffset Modified) Stat(SafeFileHandle handle) =>
        (RandomAccess.GetLength(handle), new DateTimeOffset(File.GetLastWriteTimeUtc(handle), TimeSpan.Zero));

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

    public static P2PShareException Changed(string path) => new(
        ErrorCode.SourceFileChanged, $"'{path}' was changed while it was read. Share it again when no program writes to it.");

    public static P2PShareException Unreadable(string path, Exception e) =>
        new(ErrorCode.PathUnreadable, $"'{path}' cannot be read: {e.Message}", e);

    /// <summary>Why a file cannot be written.</summary>
    /// <returns>DiskFull, DestinationInUse or PathUnwritable.</returns>
    public static P2PShareException Unwritable(string path, Exception e)
    {
        const int WindowsSharingViolation = unchecked((int)0x80070020);
        const int WindowsDiskFull = unchecked((int)0x80070070);
        const int LinuxNoSpace = 28;
        const int LinuxQuota = 122;
        const int WouldBlock = 11;
        return e.HResult switch
        {
            WindowsDiskFull or LinuxNoSpace or LinuxQuota => DiskFull(path, e),
            WindowsSharingViolation or WouldBlock => new P2PShareException(
                ErrorCode.DestinationInUse, $"'{path}' is in use: another download writes to it. Wait for that one, or choose another destination.", e),
            _ => new P2PShareException(ErrorCode.PathUnwritable, $"'{path}' cannot be written: {e.Message}", e),
        };
    }

    private static P2PShareException DiskFull(string path, Exception e) => new(
        ErrorCode.DiskFull, $"There is no space left for '{path}'. What was verified is kept: free some space and run the same command again.", e);

    // A file system may also refuse a reservation for its size alone, with the same error.
    private static bool IsTooFull(string path, long size) => new DriveInfo(Path.GetDirectoryName(path)!).AvailableFreeSpace < size;
}
