using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;

namespace P2PShare.Transfer.Storage;

/// <summary>What went wrong with a file, as a sentence that names it.</summary>
internal static class FileErrors
{
    public static P2PShareException Changed(string path) => new(
        ErrorCode.SourceFileChanged, $"'{path}' was changed while it was read. Share it again when no program writes to it.");

    public static P2PShareException HasOtherBytes(string path) =>
        new(ErrorCode.SourceFileChanged, $"'{path}' is not what was shared any more: it has other bytes.");

    public static P2PShareException Unreadable(string path, Exception e) =>
        new(ErrorCode.PathUnreadable, $"'{path}' cannot be read: {e.Message}", e);

    /// <summary>Why a file cannot be opened for reading.</summary>
    /// <returns>PathNotFound or PathUnreadable.</returns>
    public static P2PShareException OpenFailed(string path, Exception e) => e is FileNotFoundException or DirectoryNotFoundException
        ? new P2PShareException(ErrorCode.PathNotFound, $"The file '{path}' does not exist. Check the path.", e)
        : Unreadable(path, e);

    /// <summary>Why a file cannot be written.</summary>
    /// <returns>DiskFull, DestinationInUse or PathUnwritable.</returns>
    public static P2PShareException Unwritable(string path, Exception e)
    {
        const int WindowsSharingViolation = unchecked((int)0x80070020);
        const int WindowsDiskFull = unchecked((int)0x80070070);
        return e.HResult switch
        {
            WindowsDiskFull or LinuxCalls.NoSpace or LinuxCalls.QuotaExceeded => DiskFull(path, e),
            WindowsSharingViolation or LinuxCalls.WouldBlock => new P2PShareException(
                ErrorCode.DestinationInUse, $"'{path}' is in use: another download writes to it. Wait for that one, or choose another destination.", e),
            _ => new P2PShareException(ErrorCode.PathUnwritable, $"'{path}' cannot be written: {e.Message}", e),
        };
    }

    public static P2PShareException NotRegular(string path, FileKind kind) => kind == FileKind.Folder
        ? new P2PShareException(ErrorCode.PathIsFolder, $"'{path}' is a folder; a file was expected.")
        : new P2PShareException(ErrorCode.PathUnreadable, $"'{path}' is {Describe(kind)}; a regular file was expected.");

    /// <summary>What is there in place of a regular file.</summary>
    public static string Describe(FileKind kind) => kind switch
    {
        FileKind.Folder => "a folder",
        FileKind.Link => "a symbolic link",
        _ => "a FIFO, a socket or a device",
    };

    public static P2PShareException DiskFull(string path, Exception e) => new(
        ErrorCode.DiskFull, $"There is no space left for '{path}'. What was verified is kept: free some space and run the same command again.", e);

    /// <summary>Closes a handle that is of no use.</summary>
    public static Exception Close(SafeFileHandle handle, Exception e)
    {
        handle.Dispose();
        return e;
    }
}
