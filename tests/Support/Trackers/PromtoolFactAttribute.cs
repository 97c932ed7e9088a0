namespace P2PShare.Support;

/// <summary>A test with Prometheus' promtool; skipped if that is not installed.</summary>
public sealed class PromtoolFactAttribute : FactAttribute
{
    public PromtoolFactAttribute() => Skip = Program is null ? "promtool is not installed." : null;

    public static string? Program { get; } = ProgramPath.Find("promtool", "/usr/bin");
}
