using System.Reflection;

namespace P2PShare.Bench.Measuring.Programs;

/// <summary>What the build of this program's repository has made; the paths are in the assembly, so that the current folder does not matter.</summary>
internal static class Repository
{
    public static string Folder { get; } = Path.GetFullPath(ValueOf("RepositoryFolder"));

    public static string TrackerProgram => Find("TrackerProgram");

    /// <summary>The program that is a PowerShell with the module in it.</summary>
    public static string ShellProgram => Find("ShellProgram");

    /// <summary>The manifest of P2PShare.</summary>
    public static string Module => Find("Module");

    /// <summary>The tracker's program as the module has it, compiled beforehand.</summary>
    public static string ModuleTracker => Path.Combine(Path.GetDirectoryName(Module)!, "tracker", Path.GetFileName(TrackerProgram));

    /// <summary>The manifest of a module that has one command, which does nothing.</summary>
    public static string EmptyModule => Find("EmptyModule");

    private static string Find(string key) =>
        Path.Combine(Folder, ValueOf(key)) is var path && File.Exists(path)
            ? path
            : throw new BenchException($"'{path}' does not exist; build it: dotnet build -c Release {Path.Combine(Folder, "bench")}");

    private static string ValueOf(string key) =>
        typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == key).Value!;
}
