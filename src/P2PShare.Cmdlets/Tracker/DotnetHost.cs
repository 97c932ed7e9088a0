namespace P2PShare.Cmdlets.Tracker;

/// <summary>Finds the dotnet program.</summary>
internal static class DotnetHost
{
    /// <summary>The one that runs this process, else that of DOTNET_ROOT, else the first on PATH; null if there is none.</summary>
    public static string? Find()
    {
        var name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        if (string.Equals(Path.GetFileName(Environment.ProcessPath), name, StringComparison.OrdinalIgnoreCase))
        {
            return Environment.ProcessPath;
        }

        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders.Prepend(Environment.GetEnvironmentVariable("DOTNET_ROOT") ?? "")
            .Where(folder => folder.Length > 0)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
    }
}
