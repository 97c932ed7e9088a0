namespace P2PShare.Support;

/// <summary>A folder of one test, with a folder for temporary files in it, deleted afterwards.</summary>
internal sealed class TestFolder : IDisposable
{
    public TestFolder() => Directory.CreateDirectory(Temporary);

    public string Path { get; } = Directory.CreateTempSubdirectory("p2pshare-shell-").FullName;

    public string Temporary => System.IO.Path.Combine(Path, "tmp");

    /// <summary>What is in the folder for temporary files, but for the sockets of this runtime's diagnostics.</summary>
    public IEnumerable<string> LeftInTemporary => Directory.EnumerateFileSystemEntries(Temporary)
        .Where(entry => System.IO.Path.GetFileName(entry) is var name
            && !name.StartsWith("dotnet-diagnostic-", StringComparison.Ordinal) && !name.StartsWith("clr-debug-pipe-", StringComparison.Ordinal));

    public string Write(string name, string text)
    {
        var path = System.IO.Path.Combine(Path, name);
        File.WriteAllText(path, text);
        return path;
    }

    public string WriteRandom(string name, int size)
    {
        var bytes = new byte[size];
        Random.Shared.NextBytes(bytes);
        var path = System.IO.Path.Combine(Path, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>Command lines of processes that were told of this folder; only Linux tells.</summary>
    public IReadOnlyList<string> ProcessesThatKnowIt()
    {
        if (!OperatingSystem.IsLinux())
        {
            return [];
        }

        var found = new List<string>();
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(entry => System.IO.Path.GetFileName(entry).All(char.IsAsciiDigit)))
        {
            try
            {
                var commandLine = File.ReadAllText(System.IO.Path.Combine(process, "cmdline")).Replace('\0', ' ');
                if (commandLine.Contains(Path, StringComparison.Ordinal))
                {
                    found.Add(commandLine);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended just now, or is somebody else's.
            }
        }

        return found;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
