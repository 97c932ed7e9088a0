using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;

namespace P2PShare.Transfer.Storage;

/// <summary>
/// Opens part files, in folders that other users may be able to write: only a regular file of this user that has one name, and for
/// one process at a time.
/// </summary>
internal static class ExclusiveFile
{
    // A name that is replaced more often while it is opened is replaced on purpose.
    private const int MaxAttempts = 100;

    /// <summary>Opens a part file that no other process may open, and creates it if it is missing.</summary>
    /// <remarks>Only this user can read and write it. A file of another user, or one that has a second name, is never taken for a part file.</remarks>
    /// <param name="isNew">Whether it was created.</param>
    /// <exception cref="P2PShareException">DestinationInvalid: what has the name is not a part file of this user.</exception>
    /// <exception cref="IOException">Another process holds it, or it cannot be written: see <see cref="FileErrors.Unwritable"/>.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public static SafeFileHandle Open(SafeFolder folder, string name, out bool isNew)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            if (TryOpen(folder, name, out isNew) is { } handle)
            {
                return handle;
            }
        }

        throw new P2PShareException(
            ErrorCode.DestinationInvalid, $"Another program replaces '{folder.Combine(name)}' again and again. Choose a folder that only you can write to.");
    }

    /// <summary>Cuts a part file to its size, gives it the permissions of a new file and its attributes, and renames it in one step.</summary>
    /// <param name="handle">Closed by this call on Windows.</param>
    /// <param name="mode">Its permissions, for a file that was updated in place; null: those of a new file.</param>
    /// <returns>What shows later whether it is the same; null if the new name exists and must not be replaced.</returns>
    /// <exception cref="P2PShareException">DestinationInvalid: another program replaced the part file.</exception>
    /// <exception cref="IOException">It cannot be renamed.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be renamed.</exception>
    public static FileStamp? TryFinish(SafeFolder folder, string part, SafeFileHandle handle, long size, string name, bool overwrite, EntryAttributes attributes, UnixFileMode? mode = null)
    {
        if (!overwrite && folder.Find(name) is not null)
        {
            return null;
        }

        RandomAccess.SetLength(handle, size);
        FinishedFile.SetAttributes(handle, attributes, mode ?? NewFileMode.Value);
        if (OperatingSystem.IsWindows())
        {
            // Windows does not rename an open file.
            handle.Dispose();
        }

        // On other systems it stays locked until it is renamed: no other download takes it for a part file in between.
        if (!folder.TryRename(part, name, overwrite))
        {
            return null;
        }

        // A user who can write to the folder may have replaced the part file before it was renamed; or another download finished since.
        var path = folder.Combine(name);
        return folder.Find(name) is { Kind: FileKind.File } now
            && (handle.IsClosed || SafeFile.Status(handle, path) is not { Stamp.Identity: not null } mine || now.IsSameFile(mine))
            ? now.Stamp
            : throw new P2PShareException(
                ErrorCode.DestinationInvalid,
                $"'{path}' is not what was received: another program replaced it. Unless that was a download of yours, remove it, and choose a folder that only you can write to.");
    }

    /// <summary>Whether a process holds the file exclusively. False if there is no such file.</summary>
    public static bool IsHeld(string path)
    {
        try
        {
            // Shared with other callers of this method, and refused while a process holds the file exclusively.
            SafeFile.OpenUnheld(path).Dispose();
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return FileErrors.Unwritable(path, e).Code == ErrorCode.DestinationInUse;
        }
        catch (P2PShareException)
        {
            // Not a regular file.
            return false;
        }
    }

    /// <summary>Deletes a part file unless a process holds it. Does nothing if there is no such file.</summary>
    /// <exception cref="P2PShareException">DestinationInUse, DestinationInvalid, PathUnwritable.</exception>
    public static void Delete(string path)
    {
        try
        {
            using var folder = SafeFolder.Open(Path.GetDirectoryName(path)!);
            var name = Path.GetFileName(path);
            if (folder.Find(name) is not { } found)
            {
                return;
            }

            if (found.Kind != FileKind.File)
            {
                throw NotPartFile(path, found.Kind);
            }

            // Held while it is deleted: no process begins to write to a file that is about to vanish.
            using var handle = SafeFile.OpenUnheld(path, FileShare.Delete);
            folder.TryDelete(name);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // There is nothing to delete.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.Unwritable(path, e);
        }
    }

    // Null if the name was replaced meanwhile.
    private static SafeFileHandle? TryOpen(SafeFolder folder, string name, out bool isNew)
    {
        var path = folder.Combine(name);
        var before = folder.Find(name);
        isNew = before is null;
        if (before is { } found)
        {
            CheckPartFile(path, found);
        }

        SafeFileHandle? handle = null;
        try
        {
            handle = folder.Handle is null
                ? Open(path, isNew)
                : Open(folder.Handle, name, path, isNew);
            if (handle is null)
            {
                return null;
            }

            var opened = SafeFile.Status(handle, path);
            if (before is not null)
            {
                CheckPartFile(path, opened);
            }

            // If a holder renamed it before it was opened, writing here would change the finished file.
            if (folder.Find(name) is not { } now || (opened.Stamp.Identity is not null && !now.IsSameFile(opened)))
            {
                handle.Dispose();
                return null;
            }

            if (OperatingSystem.IsLinux() && opened.Mode != PrivateFile.Mode)
            {
                File.SetUnixFileMode(handle, PrivateFile.Mode);
            }

            return handle;
        }
        catch
        {
            handle?.Dispose();
            throw;
        }
    }

    /// <summary>Closes a file, which others can open from then on.</summary>
    public static void Close(SafeFileHandle handle)
    {
        if (OperatingSystem.IsLinux())
        {
            LinuxCalls.UnlockAndClose(handle);
        }
        else
        {
            handle.Dispose();
        }
    }

    private static SafeFileHandle? Open(SafeFileHandle folder, string name, string path, bool isNew)
    {
        var flags = LinuxCalls.ReadWrite | LinuxCalls.NoFollow | LinuxCalls.NonBlocking | (isNew ? LinuxCalls.Create | LinuxCalls.Exclusive : 0);
        var handle = LinuxCalls.Open(folder, name, flags, PrivateFile.Mode, out var error);
        return error switch
        {
            0 => LinuxCalls.TryLock(handle, exclusive: true) ? handle : throw FileErrors.Close(handle, LinuxCalls.Error(LinuxCalls.WouldBlock, path)),
            LinuxCalls.FileExists or LinuxCalls.Loop => null,
            // A folder in which no file can be made, such as one of /proc, answers so too.
            LinuxCalls.NoEntry when !isNew => null,
            _ => throw LinuxCalls.Error(error, path),
        };
    }

    private static SafeFileHandle? Open(string path, bool isNew)
    {
        const int WindowsFileExists = unchecked((int)0x80070050);
        try
        {
            var handle = File.OpenHandle(path, isNew ? FileMode.CreateNew : FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(handle, PrivateFile.Mode);
            }

            return handle;
        }
        catch (IOException e) when (isNew ? e.HResult is WindowsFileExists or LinuxCalls.FileExists && !Directory.Exists(path) : e is FileNotFoundException)
        {
            // Another process created or renamed the file in between.
            return null;
        }
    }

    private static void CheckPartFile(string path, FileStatus status)
    {
        if (status.Kind != FileKind.File)
        {
            throw NotPartFile(path, status.Kind);
        }

        if (OperatingSystem.IsLinux() && status.Owner != LinuxCalls.UserId)
        {
            throw new P2PShareException(
                ErrorCode.DestinationInvalid,
                $"'{path}' belongs to another user, who could change what is received. Remove it, or choose a folder that only you can write to.");
        }

        if (status.Links > 1)
        {
            throw new P2PShareException(
                ErrorCode.DestinationInvalid,
                $"'{path}' is a file that has another name as well, which would be written to. Remove it, or choose a folder that only you can write to.");
        }
    }

    private static P2PShareException NotPartFile(string path, FileKind kind) => new(
        kind == FileKind.Folder ? ErrorCode.PathUnwritable : ErrorCode.DestinationInvalid,
        $"'{path}' is {FileErrors.Describe(kind)}, and an unfinished download was expected there. Remove it or choose another destination.");
}
