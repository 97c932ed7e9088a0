using P2PShare.Protocol;

namespace P2PShare.Transfer.Syncing;

/// <summary>The files in a folder that can be files of a group: neither hidden files nor what is behind links.</summary>
public static class LocalTree
{
    private static readonly EnumerationOptions Visible = new()
    {
        RecurseSubdirectories = true,
        IgnoreInaccessible = false,
        AttributesToSkip = FileAttributes.Hidden | FileAttributes.System | FileAttributes.ReparsePoint,
    };

    /// <summary>How paths compare on this system; two names that are one path are one file.</summary>
    public static StringComparer PathComparer { get; } =
        OperatingSystem.IsLinux() ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase;

    /// <returns>All of them, in the ordinal order of their names; none if there is no such folder.</returns>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.PathUnreadable"/>.</exception>
    public static IReadOnlyList<LocalFile> Enumerate(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return [];
        }

        try
        {
            return [.. Directory.EnumerateFiles(folder, "*", Visible)
                .Select(path => new LocalFile(path, Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/')))
                .OrderBy(file => file.Name, StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new P2PShareException(ErrorCode.PathUnreadable, $"The folder '{folder}' cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Deletes a file, and the folders between it and <paramref name="root"/> that are empty afterwards.</summary>
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
                // Not empty, or in use.
                return;
            }
        }
    }
}
