using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Tracker.Servers;

internal static class DotnetProgram
{
    /// <summary>The host that runs this program, which dotnet run names to it.</summary>
    public static string Host => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? InstalledProgram.Get("dotnet");
}
