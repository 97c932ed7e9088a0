namespace P2PShare.Transfer.Storage;

/// <summary>Tells folders of this user from those that other users make where everybody may make some, such as among the temporary files.</summary>
public static class OwnFolder
{
    private const UnixFileMode RightsOfOthers =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Whether a path is a folder, and no link to one, that belongs to this user and that no other user can enter.</summary>
    /// <remarks>
    /// On Windows the rights of the folder above apply, and every folder counts. On other systems than Linux only the rights are looked at: there
    /// root takes every folder of mode 0700 for its own.
    /// </remarks>
    /// <exception cref="IOException">It cannot be found out.</exception>
    /// <exception cref="UnauthorizedAccessException">A folder above it cannot be entered.</exception>
    public static bool IsPrivate(string path)
    {
        if (SafeFile.Find(path) is not { Kind: FileKind.Folder } found)
        {
            return false;
        }

        return OperatingSystem.IsWindows()
            || (found.Owner == LinuxCalls.UserId && ((OperatingSystem.IsLinux() ? found.Mode : File.GetUnixFileMode(path)) & RightsOfOthers) == 0);
    }
}
