using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Syncing;

/// <summary>How a local file compares with a file of a group, as far as that is known without reading it.</summary>
public enum FileComparison
{
    /// <summary>There is no local file.</summary>
    Missing,

    /// <summary>The content is another one, or the local file is a link that is to be replaced.</summary>
    Different,

    /// <summary>The content is the same.</summary>
    Equal,

    /// <summary>Only the pieces root of the local file can tell.</summary>
    Unknown,

    /// <summary>A folder has the file's path.</summary>
    BlockedByFolder,
}

/// <summary>Compares local files with files of a group: by size first, then by pieces root.</summary>
public static class FileComparer
{
    /// <summary>Compares a file that is only read.</summary>
    /// <param name="path">Full path.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.PathUnreadable"/>: it cannot be found out whether there is a file.</exception>
    public static FileComparison Compare(string path, ContentDescription wanted) => Compare(Find(path), wanted);

    /// <summary>Compares a file that is to be replaced if it differs. A link never is the file itself.</summary>
    /// <param name="path">Full path.</param>
    /// <param name="findUnchanged">What a path was hashed to, if it has not changed since; otherwise null.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.PathUnreadable"/>: it cannot be found out whether there is a file.</exception>
    public static FileComparison CompareInPlace(string path, ContentDescription wanted, Func<string, ContentDescription?> findUnchanged)
    {
        var found = Find(path);
        if (found?.Kind == FileKind.Folder)
        {
            return FileComparison.BlockedByFolder;
        }

        return Compare(found, wanted) switch
        {
            FileComparison.Unknown when wanted.Size == 0 => FileComparison.Equal,
            // A file that is known with another root is hashed all the same.
            FileComparison.Unknown when findUnchanged(path)?.PiecesRoot == wanted.PiecesRoot => FileComparison.Equal,
            var comparison => comparison,
        };
    }

    private static FileComparison Compare(FileStatus? found, ContentDescription wanted) =>
        found is not { } local ? FileComparison.Missing
        : local.Kind != FileKind.File || local.Stamp.Size != wanted.Size ? FileComparison.Different
        : FileComparison.Unknown;

    private static FileStatus? Find(string path)
    {
        try
        {
            return SafeFile.Find(path);
        }
        catch (DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.Unreadable(path, e);
        }
    }

    /// <summary>Whether a hashed file has the content of a group's file.</summary>
    public static bool IsSame(ContentDescription hashed, ContentDescription wanted) =>
        hashed.Size == wanted.Size && hashed.PiecesRoot == wanted.PiecesRoot;
}
