namespace P2PShare.Bench.Measuring;

/// <summary>Finds the programs that this one is compared with.</summary>
public static class InstalledProgram
{
    // Where daemons live, which is not on everybody's PATH.
    private static readonly string[] DaemonFolders = ["/usr/sbin", "/usr/local/sbin"];

    /// <summary>Absolute path; null where it is not installed.</summary>
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Concat(DaemonFolders)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);

    /// <exception cref="BenchException">It is not installed.</exception>
    public static string Get(string name) =>
        Find(name) ?? throw new BenchException($"'{name}' is not installed.");
}
