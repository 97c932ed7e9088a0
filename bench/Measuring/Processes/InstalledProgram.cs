namespace P2PShare.Bench.Measuring.Processes;

/// <summary>Finds the programs that this one is compared with.</summary>
internal static class InstalledProgram
{
    // Where daemons are, which not every PATH has.
    private static readonly string[] DaemonFolders = ["/usr/sbin", "/usr/local/sbin"];

    /// <summary>Absolute path; null: it is not installed.</summary>
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Concat(DaemonFolders)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);

    /// <exception cref="BenchException">It is not installed.</exception>
    public static string Get(string name) =>
        Find(name) ?? throw new BenchException($"'{name}' is not installed.");
}
