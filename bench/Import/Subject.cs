using System.Globalization;
using System.Reflection;
using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Import;

/// <summary>A module, and the command of it that does the least.</summary>
internal sealed record Subject(string Name, string Module, string Command)
{
    public static readonly Subject Empty = new("empty binary module", "EmptyModule", "Get-Nothing");

    public static readonly Subject P2PShare = new("p2pshare", "P2PShare", "Get-P2PSession");

    /// <summary>Imports it in a PowerShell that has just started, then runs the command.</summary>
    /// <returns>Milliseconds of the import, and of the import and the command.</returns>
    public async Task<(double Import, double First)> MeasureAsync(string pwsh, CancellationToken cancellationToken)
    {
        // Import-Module itself is found and compiled before, so that its own cost is nobody's.
        var output = await Child.RunAsync(
            pwsh,
            [
                "-NoProfile", "-NonInteractive", "-Command",
                $"Import-Module Microsoft.PowerShell.Utility; $watch = [Diagnostics.Stopwatch]::StartNew(); Import-Module '{Manifest().Replace("'", "''", StringComparison.Ordinal)}'; "
                + $"$import = $watch.Elapsed; {Command}; $first = $watch.Elapsed; "
                + "[string]::Join(' ', $import.TotalMilliseconds.ToString('R', [cultureinfo]::InvariantCulture), $first.TotalMilliseconds.ToString('R', [cultureinfo]::InvariantCulture))",
            ],
            cancellationToken).ConfigureAwait(false);
        return output.Split([' ', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries) is [var import, var first]
            ? (double.Parse(import, CultureInfo.InvariantCulture), double.Parse(first, CultureInfo.InvariantCulture))
            : throw new BenchException($"PowerShell answered '{output.Trim()}' where two times were expected.");
    }

    private string Manifest() =>
        typeof(Subject).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(data => data.Key == Module).Value!;
}
