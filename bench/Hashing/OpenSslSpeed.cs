using System.Globalization;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Hashing;

/// <summary>openssl's own measure: SHA-256 of 16 KiB that stay in the cache, a process on each processor.</summary>
internal static class OpenSslSpeed
{
    /// <returns>Bytes a second of all processors together, and what it spent.</returns>
    public static async Task<(double Speed, Usage Usage)?> RunAsync(string openssl, int processors, CancellationToken cancellationToken)
    {
        var before = ProcessTree.ReadEndedUsage();
        var output = await Child.RunAsync(
            openssl,
            ["speed", "-seconds", "2", "-bytes", "16384", "-evp", "sha256", "-multi", processors.ToString(CultureInfo.InvariantCulture), "-mr"],
            cancellationToken);
        // The sum is the last line: +F:25:sha256:3774693376.00
        var sum = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault(line => line.StartsWith("+F:", StringComparison.Ordinal))
            ?? throw new BenchException($"openssl speed printed no result: {output}");
        return (double.Parse(sum.Split(':')[^1], CultureInfo.InvariantCulture), ProcessTree.ReadEndedUsage() - before);
    }
}
