using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol.Names;

namespace P2PShare.Transfer.Storage;

/// <summary>What a received file gets, before it has its name, of what the group's entry carries beside the content.</summary>
internal static class FinishedFile
{
    /// <summary>Sets permissions and the time of modification of an open file, through its handle: whatever has its path meanwhile is not touched.</summary>
    /// <param name="mode">The permissions that it gets if it cannot be executed; null if it has those of a new file.</param>
    /// <remarks>A file system that keeps no such time, or not this one, keeps its own: the content is what counts.</remarks>
    public static void SetAttributes(SafeFileHandle handle, EntryAttributes attributes, UnixFileMode? mode)
    {
        // A new file may be read by some, and executed by them: no other permission comes from a group.
        if (!OperatingSystem.IsWindows() && (mode is not null || attributes.Executable == true))
        {
            var usual = mode ?? NewFileMode.Value;
            File.SetUnixFileMode(handle, attributes.Executable == true ? NewFileMode.MakeExecutable(usual) : usual);
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
