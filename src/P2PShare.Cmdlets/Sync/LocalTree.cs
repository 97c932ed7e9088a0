using P2PShare.Protocol;
using P2PShare.Protocol.Names;

namespace P2PShare.Cmdlets.Sync;

/// <summary>The files in a folder that a group's files could be: neither hidden ones, nor behind links, nor unfinished.</summary>
internal static class LocalTree
{
    // What Send-P2PFile -Recurse leaves out can come from no group, and is not the group's to delete.
    private static readonly EnumerationOptions Visible = new()
    {
        RecurseSubdirectories = true,
        IgnoreInaccessible = false,
        AttributesToSkip = FileAttributes.Hidden | FileAttributes.System | FileAttributes.ReparsePoint,
    };

    /// <returns>Full paths with names as groups have them, in the order of their names.</returns>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.PathUnreadable"/>.</exception>
    public static IReadOnlyList<(string Path, string Name)> Enumerate(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return [];
        }

        try
        {
            return [.. Directory.EnumerateFiles(folder, "*", Visible)
                .Where(path => !path.EndsWith(FileName.PartSuffix, StringComparison.OrdinalIgnoreCase))
                .Select(path => (path, Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/')))
                .OrderBy(file => file.Item2, StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new P2PShareException(ErrorCode.PathUnreadable, $"The folder '{folder}' cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Deletes a file, and the folders between it and <paramref name="root"/> that are empty then.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.PathUnwritable"/>.</exception>
    public static void Delete(string root, string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new P2PShareException(ErrorCode.PathUnwritable, $"'{path}' cannot be deleted: {e.Message}", e);
        }

        for (var folder = Path.GetDirectoryName(path); folder is not null && folder.Length > root.Length; folder = Path.GetDirectoryName(folder))
        {
            try
            {
                Directory.Delete(folder);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Not empty, or somebody works in it.
                return;
            }
        }
    }
}
