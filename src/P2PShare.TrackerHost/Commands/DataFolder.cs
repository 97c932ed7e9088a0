using P2PShare.TrackerHost.Certificates;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Commands;

/// <summary>What can be wrong with the folder of the certificate and of the database.</summary>
internal static class DataFolder
{
    private const UnixFileMode ForOthers =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    public static IEnumerable<string> FindProblems(string path)
    {
        const string Setting = $"{TrackerSettings.Section}:{nameof(StorageOptions.DataPath)}";
        if (File.Exists(path))
        {
            yield return $"{Setting} is '{path}', which is a file: a folder was expected.";
            yield break;
        }

        // A folder that does not exist is created, in the nearest one that does.
        var folder = Path.GetFullPath(path);
        while (!Directory.Exists(folder) && Path.GetDirectoryName(folder) is { } parent)
        {
            folder = parent;
        }

        if (FindWritingProblem(folder) is { } reason)
        {
            yield return Directory.Exists(path)
                ? $"{Setting} is '{path}', which cannot be written to: {reason}."
                : $"{Setting} is '{path}', which does not exist and cannot be created in '{folder}': {reason}.";
        }

        if (OperatingSystem.IsWindows() || !Directory.Exists(path))
        {
            yield break;
        }

        if ((File.GetUnixFileMode(path) & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != 0)
        {
            yield return $"{Setting} is '{path}', where other users of this machine can write, and so replace the database and the certificate: chmod 700 it.";
        }

        foreach (var file in FilesOf(path).Where(IsSecret).Order(StringComparer.Ordinal))
        {
            if ((File.GetUnixFileMode(file) & ForOthers) != 0)
            {
                yield return $"'{file}' holds secrets, and other users of this machine can read or write it: chmod 600 it.";
            }
        }
    }

    // A folder that cannot be listed was reported already.
    private static string[] FilesOf(string path)
    {
        try
        {
            return Directory.GetFiles(path);
        }
        catch (UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static bool IsSecret(string file) =>
        Path.GetFileName(file) is var name && (name == TrackerCertificate.FileName || name.StartsWith(SqliteDatabase.FileName, StringComparison.Ordinal));

    // Permissions alone do not decide: the file system may be read-only, or full, or another user's.
    private static string? FindWritingProblem(string folder)
    {
        var probe = Path.Combine(folder, $".p2pshare-{Guid.NewGuid():N}.tmp");
        try
        {
            using (new FileStream(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose))
            {
                return null;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message.TrimEnd('.');
        }
    }
}
