namespace P2PShare.Bench.Measuring.Processes;

/// <summary>This program, started once more in a <see cref="Role"/>.</summary>
internal static class OwnProgram
{
    /// <summary>The first argument of a process in a role.</summary>
    public const string RoleWord = "role";

    private static readonly string FileName = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";

    /// <summary>The host that runs this program: itself as <c>dotnet P2PShare.Bench.dll</c>, named by <c>dotnet run</c>, or on the PATH.</summary>
    public static string Dotnet =>
        Path.GetFileName(Environment.ProcessPath) == FileName ? Environment.ProcessPath!
        : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? InstalledProgram.Get(FileName);

    /// <summary>The assembly of this program.</summary>
    public static string AssemblyPath => typeof(OwnProgram).Assembly.Location;

    /// <summary>What <see cref="Dotnet"/> needs to run this program in a role.</summary>
    public static IEnumerable<string> Arguments(params IEnumerable<string> role) => ArgumentsOf(AssemblyPath, role);

    /// <summary>The same of another build of this program.</summary>
    public static IEnumerable<string> ArgumentsOf(string assemblyPath, IEnumerable<string> role) => [assemblyPath, RoleWord, .. role];
}
