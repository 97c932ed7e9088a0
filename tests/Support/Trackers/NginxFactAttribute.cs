namespace P2PShare.Support;

/// <summary>A test with nginx; skipped if that is not installed.</summary>
public sealed class NginxFactAttribute : FactAttribute
{
    public NginxFactAttribute() => Skip = Program is null ? "nginx is not installed." : null;

    public static string? Program { get; } = ProgramPath.Find("nginx", "/usr/sbin");
}
