using System.Globalization;
using System.Runtime;
using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Measuring.Programs;

/// <summary>
/// How a .NET process reports what it has spent compiling: a line of its standard output for each that it is sent, or a file in a folder when it ends.
/// </summary>
internal static class CompilingTime
{
    private const string Prefix = "compiling: ";
    private const string FolderVariable = "P2PSHARE_BENCH_COMPILING";

    /// <summary>The folder for files; null: it reports in lines.</summary>
    public static string? Folder => Environment.GetEnvironmentVariable(FolderVariable);

    /// <summary>The environment of a process that reports to a folder when it ends, as do those that it starts.</summary>
    public static IReadOnlyDictionary<string, string> ReportTo(string folder) =>
        new Dictionary<string, string> { ["DOTNET_STARTUP_HOOKS"] = OwnProgram.AssemblyPath, [FolderVariable] = folder };

    /// <summary>Reports to the folder.</summary>
    public static void WriteTo(string folder) => File.WriteAllText(Path.Combine(folder, $"{Environment.ProcessId}"), Line());

    /// <returns>Seconds of all processes that reported to a folder.</returns>
    public static double SumOf(string folder) => Directory.EnumerateFiles(folder).Sum(file => Parse(File.ReadAllText(file)) ?? 0);

    /// <summary>Of this process so far.</summary>
    public static string Line() => Prefix + JitInfo.GetCompilationTime(currentThread: false).TotalSeconds.ToString(CultureInfo.InvariantCulture);

    /// <returns>Seconds; null: the line is another one.</returns>
    public static double? Parse(string line) =>
        line.StartsWith(Prefix, StringComparison.Ordinal) ? double.Parse(line.AsSpan(Prefix.Length), CultureInfo.InvariantCulture) : null;
}
