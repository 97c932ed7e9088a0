using System.Reflection;

namespace P2PShare.TrackerHost.Observability;

internal static class ProgramVersion
{
    /// <summary>As in Directory.Build.props, without the commit that the SDK adds.</summary>
    public static string Text { get; } =
        typeof(ProgramVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
}
