using System.Globalization;
using System.Runtime;

namespace P2PShare.Bench.Measuring.Programs;

/// <summary>How a .NET process reports what it has spent compiling: a line of its standard output for each that it is sent.</summary>
internal static class CompilingTime
{
    private const string Prefix = "compiling: ";

    /// <summary>Of this process so far.</summary>
    public static string Line() => Prefix + JitInfo.GetCompilationTime(currentThread: false).TotalSeconds.ToString(CultureInfo.InvariantCulture);

    /// <returns>Seconds; null: the line is another one.</returns>
    public static double? Parse(string line) =>
        line.StartsWith(Prefix, StringComparison.Ordinal) ? double.Parse(line.AsSpan(Prefix.Length), CultureInfo.InvariantCulture) : null;
}
