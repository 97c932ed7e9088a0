using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;

namespace P2PShare.Transfer.Storage;

/// <summary>
/// An open folder. On Linux every name is looked up in the folder that was opened, whatever becomes of its path meanwhile, and no
/// link in it is followed. Other systems check for a link before each step.
/// </summary>
internal sealed class SafeFolder : IDisposable
{
    /// <summary>Most folders below one that a person named: more than a file's name in a group can have.</summary>
    public const int MaxDepth = 128;

    private SafeFolder(string path, SafeFileHandle? handle) => (Path, Handle) = (path, handle);

    /// <summary>For messages.</summary>
    public string Path { get; }

    /// <summary>Null except on Linux.</summary>
    public SafeFileHandle? Handle { get; }

    /// <summary>Opens a folder that a person named: links in its path are theirs, and are followed.</summary>
    /// <exception cref="IOException">It does not exist or is not a folder.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be entered.</exception>
    public static SafeFolder Open(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return Directory.Exists(path) ? new SafeFolder(path, null) : throw new DirectoryNotFoundException($"The folder '{path}' does not exist.");
        }

        var handle = LinuxCalls.Open(null, path, LinuxCalls.PathOnly | LinuxCalls.Folder, UnixFileMode.None, out var error);
        return error switch
        {
            0 => new SafeFolder(path, handle),
            LinuxCalls.NoEntry => throw new DirectoryNotFoundException($"The folder '{path}' does not exist."),
            _ => throw LinuxCalls.Error(error, path),
        };
    }

    /// <summary>Opens a folder below one that a person named, without following a link between the two.</summary>
    /// <param name="path">Full path: <paramref name="root"/> or below it.</param>
    /// <param name="make">Makes the folders that are missing, the root included.</param>
    /// <exception cref="P2PShareException">A link is in the way: DestinationInvalid if the folder is to be made, else PathUnreadable.</exception>
    /// <exception cref="IOException">As <see cref="Open"/>.</exception>
    /// <exception cref="UnauthorizedAccessException">As <see cref="Open"/>.</exception>
    public static SafeFolder OpenBelow(string root, string path, bool make = false)
    {
        if (make)
        {
            Directory.CreateDirectory(root);
        }

        var folder = Open(root);
        try
        {
            var relative = System.IO.Path.GetRelativePath(root, path);
            foreach (var name in relative == "." ? [] : relative.Split(System.IO.Path.DirectorySeparatorChar))
            {
                var next = folder.OpenFolder(name, make);
                folder.Dispose();
                folder = next;
            }

            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>The status of a name; a link is not followed.</summary>
    /// <returns>Null if there is no such name.</returns>
    public FileStatus? Find(string name) =>
        Handle is null ? SafeFile.Find(Combine(name)) : LinuxCalls.Find(Handle, name, Combine(name));

    /// <summary>The names in the folder, in no order.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be read.</exception>
    public IReadOnlyList<string> List()
    {
        if (Handle is null)
        {
            return [.. Directory.EnumerateFileSystemEntries(Path).Select(path => System.IO.Path.GetFileName(path))];
        }

        var readable = LinuxCalls.Open(Handle, ".", LinuxCalls.Folder, UnixFileMode.None, out var error);
        return error == 0 ? LinuxCalls.List(readable, Path) : throw LinuxCalls.Error(error, Path);
    }

    /// <summary>Renames a file in this folder in one step.</summary>
    /// <returns>False if the new name exists and must not be replaced.</returns>
    /// <exception cref="IOException">It cannot be renamed.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be renamed.</exception>
    public bool TryRename(string from, string to, bool replace)
    {
        if (Handle is not null)
        {
            return LinuxCalls.TryRename(Handle, from, to, replace, Combine(to));
        }

        try
        {
            File.Move(Combine(from), Combine(to), replace);
            return true;
        }
        catch (IOException) when (!replace && File.Exists(Combine(to)))
        {
            return false;
        }
    }

    /// <summary>Deletes a file or an empty folder. A link is deleted, not what it leads to.</summary>
    /// <returns>False if there is no such name.</returns>
    /// <exception cref="IOException">It cannot be deleted.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be deleted.</exception>
    public bool TryDelete(string name, bool isFolder = false)
    {
        if (Handle is not null)
        {
            return LinuxCalls.TryDelete(Handle, name, isFolder, Combine(name));
        }

        if (isFolder)
        {
            Directory.Delete(Combine(name));
            return true;
        }

        var exists = File.Exists(Combine(name));
        File.Delete(Combine(name));
        return exists;
    }

    public string Combine(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Handle?.Dispose();

    private SafeFolder OpenFolder(string name, bool make)
    {
        var path = Combine(name);
        if (Handle is null)
        {
            if (new DirectoryInfo(path).LinkTarget is not null)
            {
                throw IsLink(path, make);
            }

            if (make)
            {
                Directory.CreateDirectory(path);
            }

            return Open(path);
        }

        var flags = LinuxCalls.PathOnly | LinuxCalls.Folder | LinuxCalls.NoFollow;
        var handle = LinuxCalls.Open(Handle, name, flags, UnixFileMode.None, out var error);
        if (error == LinuxCalls.NoEntry && make)
        {
            LinuxCalls.MakeFolder(Handle, name, path);
            handle = LinuxCalls.Open(Handle, name, flags, UnixFileMode.None, out error);
        }

        return error switch
        {
            0 => new SafeFolder(path, handle),
            LinuxCalls.NoEntry => throw new DirectoryNotFoundException($"The folder '{path}' does not exist."),
            LinuxCalls.Loop or LinuxCalls.NotAFolder when Find(name) is { Kind: FileKind.Link } => throw IsLink(path, make),
            _ => throw LinuxCalls.Error(error, path),
        };
    }

    private static P2PShareException IsLink(string path, bool make) => make
        ? new P2PShareException(
            ErrorCode.DestinationInvalid, $"'{path}' is a symbolic link, and the file would be written through it. Remove the link or choose another destination.")
        : new P2PShareException(ErrorCode.PathUnreadable, $"'{path}' is a symbolic link, and links below a folder are not followed.");
}
