using System.Globalization;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Import;

/// <summary>A module, and the command of it that does the least.</summary>
internal sealed record Subject(string Manifest, string Command)
{
    /// <summary>Imports it in a PowerShell that has just started, then runs the command.</summary>
    /// <returns>Milliseconds of the import and of both, and what both spent.</returns>
    public async Task<(double Import, double First, Usage Usage)> MeasureAsync(PowerShellProgram powerShell, CancellationToken cancellationToken)
    {
        // What is read at the end is read at the beginning too, and Import-Module is found and compiled before: that is the cost of neither module.
        const string Read = "[Environment]::CpuUsage, [Runtime.JitInfo]::GetCompilationTime($false)";
        var output = await powerShell.RunAsync(
            $$"""
            Import-Module Microsoft.PowerShell.Utility
            $cpu, $compiling = {{Read}}
            $watch = [Diagnostics.Stopwatch]::StartNew()
            Import-Module {{PowerShellProgram.Quote(Manifest)}}
            $import = $watch.Elapsed
            {{Command}}
            $first = $watch.Elapsed
            $cpuAfter, $compilingAfter = {{Read}}
            [string]::Join(' ', $(foreach ($number in $import.TotalMilliseconds, $first.TotalMilliseconds, ($cpuAfter.UserTime - $cpu.UserTime).TotalSeconds,
                ($cpuAfter.PrivilegedTime - $cpu.PrivilegedTime).TotalSeconds, ($compilingAfter - $compiling).TotalSeconds) {
                $number.ToString('R', [cultureinfo]::InvariantCulture)
            }))
            """,
            cancellationToken);
        return output.Split([' ', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries) is [var import, var first, var user, var system, var compiling]
            ? (Number(import), Number(first), new Usage(Number(user), Number(system), Number(compiling)))
            : throw new BenchException($"PowerShell answered '{output.Trim()}' instead of five numbers.");
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
