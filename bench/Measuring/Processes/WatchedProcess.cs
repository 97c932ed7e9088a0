using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace P2PShare.Bench.Measuring.Processes;

/// <summary>Starts and ends processes; the <see cref="Reaper"/> ends those that are left when this process is killed.</summary>
internal static class WatchedProcess
{
    /// <param name="environment">Variables beside those of this process.</param>
    /// <exception cref="BenchException">It cannot be started.</exception>
    public static Process Start(ProcessStartInfo start, IReadOnlyDictionary<string, string>? environment)
    {
        start.UseShellExecute = false;
        start.Environment[Reaper.MarkVariable] = Reaper.Mark;
        // The debugging sockets of a .NET program would outlive it when it is killed.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new BenchException($"'{start.FileName}' could not be started: {e.Message}", e);
        }

        try
        {
            Reaper.Watch(Leftover.Process, NameOf(process));
            return process;
        }
        catch
        {
            using (process)
            {
                Kill(process);
            }

            throw;
        }
    }

    /// <summary>Runs a program in this one's terminal to its end.</summary>
    /// <param name="folder">Its current folder; null: this process's.</param>
    /// <exception cref="BenchException">Its exit code was not 0.</exception>
    public static async Task RunInTerminalAsync(string program, IEnumerable<string> arguments, string? folder, CancellationToken cancellationToken)
    {
        using var process = Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder }, environment: null);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
            if (process.ExitCode != 0)
            {
                throw new BenchException($"{Path.GetFileName(program)} ended with exit code {process.ExitCode}.");
            }
        }
        finally
        {
            await EndAsync(process);
        }
    }

    /// <summary><c>kill -9</c>, also of what it started.</summary>
    public static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has ended already; what is left of its tree, the reaper finds.
        }
    }

    /// <summary>Kills it and waits for its end.</summary>
    public static async Task EndAsync(Process process)
    {
        Kill(process);
        await process.WaitForExitAsync();
        Reaper.Release(Leftover.Process, NameOf(process));
    }

    private static string NameOf(Process process) => process.Id.ToString(CultureInfo.InvariantCulture);
}
