namespace P2PShare.Support;

/// <summary>A test with systemd's own checks; skipped where those are not installed.</summary>
public sealed class SystemdFactAttribute : FactAttribute
{
    public SystemdFactAttribute() => Skip = Program is null ? "systemd-analyze is not installed." : null;

    public static string? Program { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, "systemd-analyze"))
        .FirstOrDefault(File.Exists);
}
