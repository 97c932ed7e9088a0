using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Measuring.Programs;

/// <summary>PowerShell 7: the installed one, else the tool that the repository names in its tool manifest.</summary>
/// <param name="Path">The program that is started.</param>
/// <param name="Arguments">What comes before PowerShell's own arguments.</param>
/// <param name="Folder">The current folder that it needs; null: any.</param>
internal sealed record PowerShellProgram(string Path, IReadOnlyList<string> Arguments, string? Folder)
{
    public const string Missing = "pwsh is not installed";

    /// <summary>Null: there is none.</summary>
    public static async Task<PowerShellProgram?> FindAsync(CancellationToken cancellationToken)
    {
        if (InstalledProgram.Find(OperatingSystem.IsWindows() ? "pwsh.exe" : "pwsh") is { } installed)
        {
            return new PowerShellProgram(installed, [], null);
        }

        var tool = new PowerShellProgram(OwnProgram.Dotnet, ["tool", "run", "pwsh", "--"], Repository.Folder);
        try
        {
            await tool.RunAsync("exit", cancellationToken);
            return tool;
        }
        catch (BenchException)
        {
            // Not restored, or not named.
            return null;
        }
    }

    /// <summary>Runs a script to its end.</summary>
    /// <param name="environment">Variables beside those of this process.</param>
    /// <returns>What it wrote to its standard output.</returns>
    public Task<string> RunAsync(string script, CancellationToken cancellationToken, IReadOnlyDictionary<string, string>? environment = null) =>
        Child.RunAsync(Path, [.. Arguments, "-NoProfile", "-NonInteractive", "-Command", script], cancellationToken, environment, Folder);

    /// <summary>Runs a script file to its end, in this program's terminal.</summary>
    public Task RunInTerminalAsync(string file, IEnumerable<string> arguments, CancellationToken cancellationToken) =>
        WatchedProcess.RunInTerminalAsync(Path, [.. Arguments, "-NoProfile", "-File", file, .. arguments], Folder, cancellationToken);

    /// <summary>A string of PowerShell that has this text, whatever is in it.</summary>
    public static string Quote(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
