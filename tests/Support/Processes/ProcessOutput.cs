using System.Diagnostics;

namespace P2PShare.Support;

/// <summary>What a process wrote until its end.</summary>
internal sealed record ProcessOutput(int ExitCode, string Output, string Error)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <summary>Runs a program to its end; one that takes too long is killed and fails the test.</summary>
    /// <param name="environment">Variables in addition to this process's own.</param>
    /// <param name="within">Null: a minute.</param>
    public static async Task<ProcessOutput> RunAsync(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, TimeSpan? within = null)
    {
        var deadline = within ?? Deadline;
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        try
        {
            var text = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync()).WaitAsync(deadline);
            await process.WaitForExitAsync().WaitAsync(deadline);
            return new ProcessOutput(process.ExitCode, text[0], text[1]);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
