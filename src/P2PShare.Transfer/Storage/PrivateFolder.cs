using System.Runtime.Versioning;

namespace P2PShare.Transfer.Storage;

/// <summary>A folder that only this user can enter (on Windows the rights of the folder above it apply).</summary>
internal static class PrivateFolder
{
    /// <summary>Creates a folder unless it exists, and takes other users' rights to one that does.</summary>
    /// <returns>A sentence for its user if rights were taken; otherwise null.</returns>
    /// <exception cref="IOException">It is not a folder of this user, or other users can replace it.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be created.</exception>
    public static string? Ensure(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return null;
        }

        // A link in the path is its user's own. What counts are the rights to the folders that it leads to.
        var real = Resolve(path);
        CheckAbove(real);
        if (!Directory.Exists(real))
        {
            Directory.CreateDirectory(real, PrivateFile.FolderMode);
        }

        return Narrow(path, real);
    }

    [UnsupportedOSPlatform("windows")]
    private static string? Narrow(string path, string real)
    {
        var mode = File.GetUnixFileMode(real);
        if (OperatingSystem.IsLinux() && SafeFile.Find(real) is { } found && found.Owner != LinuxCalls.UserId)
        {
            throw new IOException("it belongs to another user, who could read and change what is in it.");
        }

        if (mode == PrivateFile.FolderMode)
        {
            return null;
        }

        if (mode.HasFlag(UnixFileMode.StickyBit))
        {
            throw new IOException("it is a folder that users share. A folder below it can be used.");
        }

        File.SetUnixFileMode(real, PrivateFile.FolderMode);
        return (mode & ~PrivateFile.FolderMode) == 0 ? null : $"Other users had rights to the state folder '{path}', which has private keys. They were taken: its mode is 0700 now, and was {Convert.ToString((int)mode, 8).PadLeft(4, '0')}.";
    }

    // A user who can write to a folder can replace what is in it, unless its sticky bit is set.
    [UnsupportedOSPlatform("windows")]
    private static void CheckAbove(string real)
    {
        for (var above = Path.GetDirectoryName(real); above is not null; above = Path.GetDirectoryName(above))
        {
            if (Directory.Exists(above) && File.GetUnixFileMode(above) is var mode && mode.HasFlag(UnixFileMode.OtherWrite) && !mode.HasFlag(UnixFileMode.StickyBit))
            {
                throw new IOException($"every user can write to '{above}' above it, and replace it. Take that right ('chmod o-w'), or use another folder.");
            }
        }
    }

    private static string Resolve(string path)
    {
        var real = Path.GetPathRoot(path)!;
        foreach (var name in path[real.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            var next = Path.Combine(real, name);
            // The target's own folders may be links in turn.
            real = new DirectoryInfo(next) is { LinkTarget: not null } link ? Resolve(link.ResolveLinkTarget(returnFinalTarget: true)!.FullName) : next;
        }

        return real;
    }
}
