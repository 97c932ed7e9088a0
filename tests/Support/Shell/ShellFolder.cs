namespace P2PShare.Support;

/// <summary>A test's folder for <c>p2pshare</c>, with a folder for that program's temporary files in it.</summary>
internal sealed class ShellFolder : TemporaryFolder
{
    public ShellFolder() => Directory.CreateDirectory(Temporary);

    public string Temporary => Combine("tmp");

    /// <summary>What is in the folder for temporary files, except the sockets of this runtime's diagnostics.</summary>
    public IEnumerable<string> LeftInTemporary => Directory.EnumerateFileSystemEntries(Temporary)
        .Where(entry => System.IO.Path.GetFileName(entry) is var name
            && !name.StartsWith("dotnet-diagnostic-", StringComparison.Ordinal) && !name.StartsWith("clr-debug-pipe-", StringComparison.Ordinal));

    /// <summary>Command lines of the running processes that contain this folder's path. Empty on systems other than Linux.</summary>
    public IReadOnlyList<string> FindProcesses()
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
                // It ended just now, or belongs to another user.
            }
        }

        return found;
    }
}
