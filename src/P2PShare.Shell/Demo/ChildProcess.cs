using System.Diagnostics;
using System.Runtime.InteropServices;

namespace P2PShare.Shell.Demo;

/// <summary>A process of the demonstration. Disposing it ends the process in every case.</summary>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    private const int Terminate = 15;
    private static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(5);

    private readonly Process _process;

    private ChildProcess(string name, Process process)
    {
        Name = name;
        _process = process;
    }

    public string Name { get; }

    /// <summary>Peak working set in bytes; 0 if the system does not report it.</summary>
    public long PeakMemory { get; private set; }

    public int ExitCode => _process.ExitCode;

    public bool HasExited => _process.HasExited;

    public StreamWriter Input => _process.StandardInput;

    public StreamReader Output => _process.StandardOutput;

    public StreamReader Errors => _process.StandardError;

    /// <summary>Starts a .NET program on the runtime of this one.</summary>
    /// <param name="captured">Whether this process reads its output; otherwise the output goes to this program's.</param>
    /// <param name="folder">Its current folder.</param>
    /// <param name="temporary">Folder for its temporary files.</param>
    /// <param name="home">State folder of a client; null for the tracker.</param>
    public static ChildProcess Start(string name, IEnumerable<string> arguments, bool captured, string folder, string temporary, string? home)
    {
        var start = new ProcessStartInfo(DotnetHost())
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = captured,
            RedirectStandardError = captured,
            WorkingDirectory = folder,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["TMPDIR"] = start.Environment["TMP"] = start.Environment["TEMP"] = temporary;
        // The runtime's debugging sockets would outlive a process that has to be killed.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        if (home is not null)
        {
            start.Environment["P2PSHARE_HOME"] = home;
        }

        return new ChildProcess(name, Process.Start(start) ?? throw new ShellException($"{name} could not be started."));
    }

    public Task WaitAsync(CancellationToken cancellationToken) => _process.WaitForExitAsync(cancellationToken);

    /// <summary>Updates <see cref="PeakMemory"/>.</summary>
    public void Measure()
    {
        try
        {
            if (!_process.HasExited)
            {
                _process.Refresh();
                PeakMemory = Math.Max(PeakMemory, _process.PeakWorkingSet64);
            }
        }
        catch (InvalidOperationException)
        {
            // The process ended between the two lines.
        }
    }

    /// <summary>Asks the process to end, and kills it if it does not.</summary>
    public async ValueTask DisposeAsync()
    {
        using (_process)
        {
            if (_process.HasExited)
            {
                return;
            }

            _process.StandardInput.Close();
            if (OperatingSystem.IsWindows())
            {
                _process.Kill(entireProcessTree: true);
            }
            else
            {
                _ = Kill(_process.Id, Terminate);
            }

            using var limit = new CancellationTokenSource(TimeToEnd);
            try
            {
                await _process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
                await _process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    // Three folders above the framework that runs this program.
    private static string DotnetHost()
    {
        var host = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        return Path.GetFullPath(host) is var full && File.Exists(full)
            ? full
            : throw new ShellException($"The .NET host was not found at '{full}'; the demonstration starts its programs with it.");
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int Kill(int processId, int signal);
}
