using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;

namespace P2PShare.Transfer.Storage;

/// <summary>
/// A file that is updated in place: it becomes the part file of its next content, so that its name never stands for a mixture, and gets
/// its name back if nothing of it was changed.
/// </summary>
/// <param name="before">What the file was.</param>
internal sealed class ReplacedFile(SafeFolder folder, string name, FileStatus before)
{
    /// <summary>Its permissions, which it keeps; of these none that another user's right would come from.</summary>
    public UnixFileMode Mode => before.Mode & (UnixFileMode)0x1ff;

    private string Part => name + FileName.PartSuffix;

    /// <summary>Renames the file to its part name.</summary>
    /// <param name="name">The file's name in the folder.</param>
    /// <returns>Null if there is no such file: it is a new one, or the part of an update that was interrupted.</returns>
    /// <exception cref="P2PShareException">DestinationInvalid or DestinationInUse: it must not be changed.</exception>
    /// <exception cref="IOException">It cannot be renamed.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be renamed.</exception>
    public static ReplacedFile? TryTake(SafeFolder folder, string name)
    {
        if (folder.Find(name) is not { } found)
        {
            return null;
        }

        var path = folder.Combine(name);
        if (found.Kind != FileKind.File)
        {
            throw Refuse($"'{path}' is {FileErrors.Describe(found.Kind)}, and only a regular file can be updated in place.");
        }

        if (OperatingSystem.IsLinux() && found.Owner != LinuxCalls.UserId)
        {
            throw Refuse($"'{path}' belongs to another user, and only a file of your own can be updated in place.");
        }

        if (found.Links > 1)
        {
            throw Refuse($"'{path}' has another name as well, under which it would change too, so that it cannot be updated in place.");
        }

        // Not a resume: that finds the part alone.
        return folder.TryRename(name, name + FileName.PartSuffix, replace: false)
            ? new ReplacedFile(folder, name, found)
            : throw new P2PShareException(
                ErrorCode.DestinationInUse,
                $"'{path}' cannot be updated in place: an unfinished download is beside it, as '{path}{FileName.PartSuffix}'. Finish that one without updating in place, or remove it.");
    }

    /// <summary>Gives the file its name and length back, of which not a byte was changed.</summary>
    /// <param name="handle">The open file; null if it was not opened. Closed by this call on Windows.</param>
    /// <returns>False if it could not be done: it keeps its part name.</returns>
    public bool TryRestore(SafeFileHandle? handle)
    {
        try
        {
            if (handle is null)
            {
                // It could not be opened: another process may have taken it as its part file.
                return !ExclusiveFile.IsHeld(folder.Combine(Part)) && folder.TryRename(Part, name, replace: false);
            }

            if (RandomAccess.GetLength(handle) != before.Stamp.Size)
            {
                RandomAccess.SetLength(handle, before.Stamp.Size);
                File.SetLastWriteTimeUtc(handle, before.Stamp.Modified.UtcDateTime);
            }

            if (OperatingSystem.IsWindows())
            {
                handle.Dispose();
            }
            else
            {
                File.SetUnixFileMode(handle, before.Mode);
            }

            return folder.TryRename(Part, name, replace: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Adds to the error of a download where the file is that it was updating.</summary>
    /// <param name="destination">The file's path.</param>
    public static P2PShareException Explain(P2PShareException error, string destination)
    {
        var part = destination + FileName.PartSuffix;
        return File.Exists(part) && !File.Exists(destination)
            ? new P2PShareException(
                error.Code, $"{error.Message} '{destination}' was being updated in place: until the download is resumed and complete, it is unusable and called '{part}'.", error)
            : error;
    }

    private static P2PShareException Refuse(string why) => new(ErrorCode.DestinationInvalid, $"{why} Receive it beside, or choose another destination.");
}
