namespace P2PShare.TrackerHost.Storage;

/// <summary>Files that hold secrets: readable by the tracker's own user alone.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
        }
    }

    public static void CreateEmptyIfMissing(string path)
    {
        using var file = new FileStream(path, Options(FileMode.OpenOrCreate));
    }

    /// <summary>Writes a file as a whole or not at all; an existing one stays as it is.</summary>
    public static void WriteOnce(string path, string text)
    {
        var unfinished = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var file = new FileStream(unfinished, Options(FileMode.CreateNew)))
            {
                file.Write(System.Text.Encoding.UTF8.GetBytes(text));
                file.Flush(flushToDisk: true);
            }

            File.Move(unfinished, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another instance that started at the same time was first.
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    private static FileStreamOptions Options(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        return options;
    }
}
