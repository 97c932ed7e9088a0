using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol.Names;

namespace P2PShare.Transfer.Storage;

/// <summary>What a received file gets, before it has its name, of what the group's entry carries beside the content.</summary>
internal static class FinishedFile
{
    /// <summary>Sets permissions and the time of modification of an open file, through its handle: whatever has its path meanwhile is not touched.</summary>
    /// <param name="isPrivate">Whether it has the permissions of a part file, and not yet those of a new file.</param>
    /// <remarks>A file system that keeps no such time, or not this one, keeps its own: the content is what counts.</remarks>
    public static void SetAttributes(SafeFileHandle handle, EntryAttributes attributes, bool isPrivate)
    {
        // A new file may be read by some, and executed by them: no other permission comes from a group.
        if (!OperatingSystem.IsWindows() && (isPrivate || attributes.Executable == true))
        {
            File.SetUnixFileMode(handle, attributes.Executable == true ? NewFileMode.Executable : NewFileMode.Value);
        }

        if (attributes.Modified is { } modified)
        {
            try
            {
                File.SetLastWriteTimeUtc(handle, modified.UtcDateTime);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                // It keeps the time at which it was written.
            }
        }
    }
}
