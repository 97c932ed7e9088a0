using P2PShare.Protocol;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Syncing;

/// <summary>The files in a folder that can be files of a group: neither hidden files nor what is behind links.</summary>
/// <param name="Files">In the ordinal order of their names.</param>
/// <param name="Faults">A fault for each folder that cannot be read. What is in it is not known.</param>
public sealed record LocalTree(IReadOnlyList<LocalFile> Files, IReadOnlyList<SyncFault> Faults)
{
    /// <summary>How paths compare on this system; two names that are one path are one file.</summary>
    public static StringComparer PathComparer { get; } =
        OperatingSystem.IsLinux() ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase;

    /// <summary>Lists a folder and its subfolders. The folder may be a link; a link below it is not followed.</summary>
    /// <param name="most">Files after which no other folder is listed.</param>
    /// <returns>Nothing if there is no such folder.</returns>
    public static LocalTree Read(string folder, TimeProvider clock, int most = int.MaxValue, CancellationToken cancellationToken = default) => Read(
        folder,
        // A folder on a server that is gone is given up after a while.
        (root, path) => DiskCalls.Run(path, DiskCalls.OpenLimit, clock, () => List(root, path)), most, cancellationToken);

    /// <param name="list">Lists a folder, given the root and the folder's path.</param>
    internal static LocalTree Read(
        string folder, Func<string, string, IReadOnlyList<(string Name, FileKind Kind)>> list, int most = int.MaxValue, CancellationToken cancellationToken = default)
    {
        var files = new List<LocalFile>();
        var faults = new List<SyncFault>();
        var toRead = new Stack<(string Path, string Prefix, int Depth)>();
        if (Directory.Exists(folder))
        {
            toRead.Push((folder, "", 0));
        }

        while (files.Count < most && toRead.TryPop(out var next))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                if (next.Depth > SafeFolder.MaxDepth)
                {
                    throw new IOException($"It is more than {SafeFolder.MaxDepth} folders below '{folder}'.");
                }

                foreach (var (name, kind) in list(folder, next.Path))
                {
                    var path = Path.Combine(next.Path, name);
                    if (kind == FileKind.Folder)
                    {
                        toRead.Push((path, $"{next.Prefix}{name}/", next.Depth + 1));
                    }
                    else
                    {
                        files.Add(new LocalFile(path, next.Prefix + name, folder));
                    }
                }
            }
            catch (P2PShareException e)
            {
                faults.Add(new SyncFault(next.Path, e));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or TimeoutException)
            {
                faults.Add(new SyncFault(next.Path, new P2PShareException(
                    ErrorCode.PathUnreadable, $"The folder '{next.Path}' cannot be read, and the files in it are left out: {e.Message}", e)));
            }
        }

        return new LocalTree(
            [.. files.OrderBy(file => file.Name, StringComparer.Ordinal)], [.. faults.OrderBy(fault => fault.Target, StringComparer.Ordinal)]);
    }

    /// <summary>Deletes a file, and the folders between it and <paramref name="root"/> that are empty afterwards.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.PathUnwritable"/>, or PathUnreadable if a link has taken the place of a folder.</exception>
    public static void Delete(string root, string path)
    {
        var isFolder = false;
        try
        {
            for (; path.Length > root.Length; path = Path.GetDirectoryName(path)!)
            {
                using var folder = SafeFolder.OpenBelow(root, Path.GetDirectoryName(path)!);
                folder.TryDelete(Path.GetFileName(path), isFolder);
                isFolder = true;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A folder is not empty, or in use.
            if (!isFolder)
            {
                throw new P2PShareException(ErrorCode.PathUnwritable, $"'{path}' cannot be deleted: {e.Message}", e);
            }
        }
    }

    /// <summary>What a folder has, without hidden files and links.</summary>
    internal static IReadOnlyList<(string Name, FileKind Kind)> List(string root, string path)
    {
        using var folder = SafeFolder.OpenBelow(root, path);
        var found = new List<(string, FileKind)>();
        foreach (var name in folder.List().Where(name => !IsHidden(folder, name)))
        {
            if (folder.Find(name) is { } status && status.Kind != FileKind.Link)
            {
                found.Add((name, status.Kind));
            }
        }

        return found;
    }

    private static bool IsHidden(SafeFolder folder, string name) => OperatingSystem.IsWindows()
        ? (File.GetAttributes(folder.Combine(name)) & (FileAttributes.Hidden | FileAttributes.System)) != 0
        : name.StartsWith('.');
}
