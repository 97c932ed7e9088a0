using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using Xunit.Abstractions;

namespace P2PShare.Integration.Pester;

/// <summary>The Pester suite, one row per file, each in its own process of the PowerShell that .config/dotnet-tools.json names.</summary>
public sealed class PesterTests(ITestOutputHelper log)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    [PesterFile]
    public async Task Every_It_of_a_file_passes(string path)
    {
        using var folder = new TemporaryFolder();
        var resultPath = folder.Combine("result.json");
        var output = await RunAsync(path, resultPath);

        log.WriteLine(output);
        Assert.True(File.Exists(resultPath), $"The run of {Path.GetFileName(path)} ended without a result:\n{output}");
        var result = JsonSerializer.Deserialize<PesterResult>(await File.ReadAllTextAsync(resultPath), JsonSerializerOptions.Web)!;
        Assert.True(result.Failures.Count == 0, string.Join("\n\n", result.Failures.Select(failure => $"FAILED: {failure}")));
        Assert.True(result.Passed > 0, $"{Path.GetFileName(path)} has no test that ran.");
        // In CI everything is installed that a test needs.
        Assert.True(result.Skipped.Count == 0 || Environment.GetEnvironmentVariable("CI") is null or "", $"Skipped: {string.Join(", ", result.Skipped)}");
    }

    /// <returns>What it wrote.</returns>
    private static async Task<string> RunAsync(string path, string resultPath)
    {
        var script = Path.Combine(Path.GetDirectoryName(path)!, "Invoke-TestFile.ps1");
        var start = new ProcessStartInfo(
            "dotnet",
            [Metadata("PowerShellProgram"), "-NoProfile", "-NonInteractive", "-File", script, Metadata("PesterModule"), path, resultPath])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Escape sequences would hide the names in a log.
        start.Environment["NO_COLOR"] = "1";
        // As this process is configured: what runs once, on few cores, starts sooner.
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_ThreadPool_UnfairSemaphoreSpinLimit"] = "0";
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return $"It did not end within {Limit.TotalMinutes:0} minutes.\n{await output}{await errors}";
        }

        return await output + await errors;
    }

    private static string Metadata(string key) => typeof(PesterTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == key).Value!;

    private sealed record PesterResult(int Passed, IReadOnlyList<string> Failures, IReadOnlyList<string> Skipped);
}
