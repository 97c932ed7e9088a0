using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;

namespace P2PShare.Transfer.Storage;

/// <summary>
/// Writes small received files in one go. On Linux a file has no name until it has all its bytes, so that a death in the middle leaves
/// nothing; where that is not possible it is a part file for a moment.
/// </summary>
internal static class WholeFile
{
    /// <param name="folder">The folder of the destination.</param>
    /// <param name="bytes">All bytes of the content, checked.</param>
    /// <returns>What shows later whether the file is the same; null if there is one of this name and it must not be replaced.</returns>
    /// <exception cref="P2PShareException">DestinationExists, DestinationInUse, DestinationInvalid, DiskFull or PathUnwritable.</exception>
    /// <exception cref="IOException">It cannot be written: see <see cref="FileErrors.Unwritable"/>.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public static FileStamp? TryWrite(SafeFolder folder, DownloadRequest request, ReadOnlySpan<byte> bytes)
    {
        if (folder.Handle is not { } handle || OpenUnnamed(folder, handle) is not { } file)
        {
            using var part = PartFile.Open(request.Destination, request.Content, request.Root);
            part.PrepareSpace();
            part.WritePiece(0, bytes);
            return part.Finish(request.Destination, request.Overwrite, request.Attributes);
        }

        using (file)
        {
            RandomAccess.Write(file, bytes, 0);
            FinishedFile.SetAttributes(file, request.Attributes, mode: null);
            return TryName(file, folder, handle, Path.GetFileName(request.Destination), request.Overwrite)
                ? LinuxCalls.Status(file, request.Destination).Stamp
                : null;
        }
    }

    // Null if the file system has no files without a name.
    private static SafeFileHandle? OpenUnnamed(SafeFolder folder, SafeFileHandle handle)
    {
        var file = LinuxCalls.Open(handle, ".", LinuxCalls.Unnamed | LinuxCalls.ReadWrite, NewFileMode.Value, out var error);
        return error switch
        {
            0 => file,
            LinuxCalls.NotSupported or LinuxCalls.IsAFolder or LinuxCalls.InvalidArgument => null,
            _ => throw LinuxCalls.Error(error, folder.Path),
        };
    }

    private static bool TryName(SafeFileHandle file, SafeFolder folder, SafeFileHandle handle, string name, bool overwrite)
    {
        // A link is made only under a name that is free.
        if (!overwrite || folder.Find(name) is null)
        {
            return LinuxCalls.TryLink(file, handle, name, folder.Combine(name));
        }

        // Locked as a part file is: another process that finds it meanwhile does not write to it.
        var part = name + FileName.PartSuffix;
        return LinuxCalls.TryLock(file, exclusive: true) && LinuxCalls.TryLink(file, handle, part, folder.Combine(part)) && folder.TryRename(part, name, replace: true);
    }
}
