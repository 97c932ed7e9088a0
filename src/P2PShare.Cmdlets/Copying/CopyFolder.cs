using P2PShare.Transfer.Storage;

namespace P2PShare.Cmdlets.Copying;

/// <summary>
/// A private folder for the time of one copy. It is removed at the end; what a killed process left is removed when the next copy begins: the
/// lock in it shows whether its process lives.
/// </summary>
internal sealed class CopyFolder : IDisposable
{
    private const string Prefix = "p2pshare-copy-";
    private const string LockName = "lock";

    // Among the temporary files anybody may make any number of folders.
    private const int MaxFolders = 10_000;

    // Between a folder and its lock lies a moment.
    private static readonly TimeSpan YoungAge = TimeSpan.FromMinutes(1);

    private static readonly EnumerationOptions Listed = new() { AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };

    private readonly FileStream _lock;

    private CopyFolder(string path, FileStream file) => (Path, _lock) = (path, file);

    public string Path { get; }

    /// <summary>Creates a folder that only this user can enter, below the one for temporary files.</summary>
    public static CopyFolder Create()
    {
        var path = Directory.CreateTempSubdirectory(Prefix).FullName;
        return new CopyFolder(path, new FileStream(System.IO.Path.Combine(path, LockName), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None));
    }

    /// <summary>Removes what this user's processes have left that were killed.</summary>
    /// <param name="parent">Where the folders are.</param>
    public static void RemoveStale(string parent, DateTimeOffset now)
    {
        foreach (var folder in new DirectoryInfo(parent).EnumerateDirectories(Prefix + "*", Listed).Take(MaxFolders))
        {
            try
            {
                // Root could enter another user's folder, too, and what is in that may lead anywhere.
                if (OwnFolder.IsPrivate(folder.FullName) && now - folder.LastWriteTimeUtc > YoungAge && !IsAlive(System.IO.Path.Combine(folder.FullName, LockName)))
                {
                    folder.Delete(recursive: true);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The next copy tries again.
            }
        }
    }

    public void Dispose()
    {
        _lock.Dispose();
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Something of it is still open; the next copy removes it.
        }
    }

    private static bool IsAlive(string path)
    {
        // No copy makes a link there.
        if (new FileInfo(path).LinkTarget is not null)
        {
            return true;
        }

        try
        {
            new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
            return false;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
