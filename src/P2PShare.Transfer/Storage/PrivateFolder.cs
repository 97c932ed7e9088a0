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

    // A user who can change a folder can replace what is in it. The sticky bit leaves that to the owner of each thing in it, and to the folder's own.
    [UnsupportedOSPlatform("windows")]
    private static void CheckAbove(string real)
    {
        for (var above = Path.GetDirectoryName(real); above is not null; above = Path.GetDirectoryName(above))
        {
            if (!Directory.Exists(above))
            {
                continue;
            }

            CheckOwner(above);
            var mode = File.GetUnixFileMode(above);
            if (mode.HasFlag(UnixFileMode.StickyBit))
            {
                continue;
            }

            if (mode.HasFlag(UnixFileMode.OtherWrite))
            {
                throw new IOException($"every user can write to '{above}' above it, and replace it. Take that right ('chmod o-w'), or use another folder.");
            }

            if (mode.HasFlag(UnixFileMode.GroupWrite) && OperatingSystem.IsLinux() && !IsPrivateGroup(SafeFile.Find(above)?.Group))
            {
                throw new IOException($"a group can write to '{above}' above it, and its members can replace it. Take that right ('chmod g-w'), or use another folder.");
            }
        }
    }

    [UnsupportedOSPlatform("windows")]
    private static void CheckOwner(string above)
    {
        if (OperatingSystem.IsLinux() && SafeFile.Find(above) is { Owner: not 0 and var owner } && owner != LinuxCalls.UserId && !UserNamespace.IsOverflow(owner))
        {
            throw new IOException($"'{above}' above it belongs to another user, who can replace it. Use a folder below one that is your own.");
        }
    }

    // Many systems give each user a group of the same number, which has no other member.
    private static bool IsPrivateGroup(uint? group) => group == LinuxCalls.UserId && group == LinuxCalls.GroupId;

    [UnsupportedOSPlatform("windows")]
    private static string Resolve(string path)
    {
        var real = Path.GetPathRoot(path)!;
        foreach (var name in path[real.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            var next = Path.Combine(real, name);
            if (new DirectoryInfo(next) is not { LinkTarget: not null } link)
            {
                real = next;
                continue;
            }

            // A user who can replace it can lead it elsewhere.
            CheckOwner(next);
            CheckAbove(next);
            // The target's own folders may be links in turn.
            real = Resolve(link.ResolveLinkTarget(returnFinalTarget: true)!.FullName);
        }

        return real;
    }
}
