using System.Diagnostics;

namespace P2PShare.Support;

/// <summary>The built <c>p2pshare</c>, run as a user runs it, with a separate temporary folder and state folder.</summary>
internal sealed class ShellProcess : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    private static readonly string Program = Repository.Built("src/P2PShare.Shell", "p2pshare.dll");

    private readonly Process _process;
    private readonly Lock _gate = new();
    private readonly List<string> _output = [];
    private readonly List<string> _errors = [];
    private readonly TaskCompletionSource _outputEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _errorsEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ShellProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Add(_output, line.Data, _outputEnded);
        process.ErrorDataReceived += (_, line) => Add(_errors, line.Data, _errorsEnded);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int ExitCode => _process.ExitCode;

    public string[] Output => Copy(_output);

    public string[] Errors => Copy(_errors);

    /// <param name="home">Name of the state folder.</param>
    /// <param name="ownGroup">Whether it leads a group of processes, as a terminal's foreground program does. Not on Windows.</param>
    public static ShellProcess Start(ShellFolder folder, IEnumerable<string> arguments, bool ownGroup = false, string home = "home")
    {
        string[] group = ownGroup ? ["setsid"] : [];
        string[] command = [.. Interruptible.Wrapper, .. group, "dotnet", Program, .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder.Path,
        };
        start.Environment["P2PSHARE_HOME"] = folder.Combine(home);
        start.Environment["TMPDIR"] = start.Environment["TMP"] = start.Environment["TEMP"] = folder.Temporary;
        return new ShellProcess(Process.Start(start)!);
    }

    /// <summary>Runs it to its end.</summary>
    public static async Task<ShellProcess> RunAsync(ShellFolder folder, IEnumerable<string> arguments, string input = "")
    {
        var shell = Start(folder, arguments);
        await shell._process.StandardInput.WriteAsync(input);
        shell._process.StandardInput.Close();
        await shell.WaitAsync();
        return shell;
    }

    public async Task WaitAsync()
    {
        using var limit = new CancellationTokenSource(Deadline);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
            await Task.WhenAll(_outputEnded.Task, _errorsEnded.Task).WaitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            throw new TimeoutException($"p2pshare did not end:\n{this}");
        }
    }

    public async Task WaitForLineAsync(Func<string, bool> wanted)
    {
        var started = Stopwatch.GetTimestamp();
        while (!Output.Any(wanted))
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(started) > Deadline)
            {
                throw new TimeoutException($"p2pshare did not write the expected line:\n{this}");
            }

            await Task.Delay(20);
        }
    }

    /// <summary>Types a line, and waits until one of the following lines is the answer.</summary>
    public async Task TypeAsync(string line, string answer)
    {
        var before = Output.Length;
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
        var started = Stopwatch.GetTimestamp();
        while (!Output.Skip(before).Contains(answer))
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(started) > Deadline)
            {
                throw new TimeoutException($"'{line}' was not answered with '{answer}':\n{this}");
            }

            await Task.Delay(20);
        }
    }

    /// <param name="group">Whether all of its group get the signal, as with Ctrl+C at a terminal.</param>
    public void Signal(int signal, bool group) => ProcessSignal.Send(group ? -_process.Id : _process.Id, signal);

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    public override string ToString() => string.Join('\n', Output.Concat(Errors.Select(line => "error: " + line)));

    private void Add(List<string> lines, string? line, TaskCompletionSource ended)
    {
        if (line is null)
        {
            ended.TrySetResult();
            return;
        }

        lock (_gate)
        {
            lines.Add(line);
        }
    }

    private string[] Copy(List<string> lines)
    {
        lock (_gate)
        {
            return [.. lines];
        }
    }
}
