namespace P2PShare.Support;

/// <summary>A test with systemd's own checks; skipped if those are not installed.</summary>
public sealed class SystemdFactAttribute : FactAttribute
{
    public SystemdFactAttribute() => Skip = Program is null ? "systemd-analyze is not installed." : null;

    public static string? Program { get; } = ProgramPath.Find("systemd-analyze");
}
