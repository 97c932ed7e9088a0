using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.Support;

/// <summary>The tracker's program as an operator runs it: a process, two arguments, its standard output.</summary>
internal sealed partial class TrackerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly List<string> _lines = [];
    private readonly Task _error;

    private TrackerProcess(Process process)
    {
        _process = process;
        _error = ReadErrorAsync();
    }

    public TrackerAddress Address { get; private set; } = null!;

    public int Id => _process.Id;

    /// <summary>What it printed before it was ready to serve.</summary>
    public List<string> Output { get; } = [];

    /// <summary>What it has logged so far.</summary>
    public string Log
    {
        get
        {
            lock (_lines)
            {
                return string.Concat(_lines.Select(line => line + "\n"));
            }
        }
    }

    /// <summary>Starts the program on the test's database and waits until it has printed where it listens.</summary>
    /// <param name="settings">Arguments; those that are <c>NAME=value</c> go into its environment.</param>
    public static async Task<TrackerProcess> StartAsync(string folder, params string[] settings) =>
        await StartOnAsync(folder, await TestDatabase.ConnectionStringAsync(Path.Combine(folder, "data")), settings);

    /// <summary>Starts it on a PostgreSQL database, or on SQLite if that is null.</summary>
    public static Task<TrackerProcess> StartOnAsync(string folder, string? connectionString, params string[] settings) =>
        StartOnAsync(folder, connectionString, wrapper: [], settings);

    /// <param name="wrapper">Command that starts the program in surroundings of its own.</param>
    public static async Task<TrackerProcess> StartOnAsync(string folder, string? connectionString, string[] wrapper, string[] settings)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (tracker, listens) = await TryStartAsync(folder, LoopbackPort.FindFree(), connectionString, wrapper, settings);
            if (listens)
            {
                return tracker;
            }

            var (code, error) = await tracker.EndAsync();
            await tracker.DisposeAsync();
            // Another program may have taken the port meanwhile.
            Assert.True(attempt < 5 && error.Contains("in use", StringComparison.Ordinal), $"exit code {code}: {error}");
        }
    }

    /// <summary>Starts it again on the port and in the folder of one that ran before.</summary>
    public static async Task<TrackerProcess> RestartAsync(string folder, int port, params string[] settings)
    {
        var (tracker, listens) = await TryStartAsync(
            folder, port, await TestDatabase.ConnectionStringAsync(Path.Combine(folder, "data")), wrapper: [], settings);
        Assert.True(listens, listens ? "" : (await tracker.EndAsync()).Error);
        return tracker;
    }

    /// <summary>Runs the program to its end.</summary>
    public static Task<(int Code, string Output, string Error)> RunAsync(string folder, params string[] args) => RunWrappedAsync(folder, [], args);

    /// <inheritdoc cref="RunAsync"/>
    public static async Task<(int Code, string Output, string Error)> RunWrappedAsync(string folder, string[] wrapper, params string[] args)
    {
        await using var tracker = Start(folder, wrapper, args);
        var output = await tracker._process.StandardOutput.ReadToEndAsync().WaitAsync(Deadline);
        var (code, error) = await tracker.EndAsync();
        return (code, output, error);
    }

    /// <summary>Runs an operator's command on the database of the tracker in <paramref name="folder"/>, to its end.</summary>
    /// <param name="input">Its standard input; null: none.</param>
    public static async Task<(int Code, string Output, string Error)> CommandAsync(string folder, string? input, params string[] command)
    {
        var data = Path.Combine(folder, "data");
        return await CommandOnAsync(
            folder, await TestDatabase.ConnectionStringAsync(data), input, [.. command, $"--Tracker:DataPath={data}", $"--Tracker:Database={TestDatabase.Kind}"]);
    }

    /// <summary>Runs a command with this PostgreSQL database in its environment.</summary>
    public static async Task<(int Code, string Output, string Error)> CommandOnAsync(
        string folder, string? connectionString, string? input, params string[] command)
    {
        await using var program = Start(folder, [], command, connectionString);
        await program._process.StandardInput.WriteAsync(input);
        program._process.StandardInput.Close();
        var output = await program._process.StandardOutput.ReadToEndAsync().WaitAsync(Deadline);
        var (code, error) = await program.EndAsync();
        return (code, output, error);
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await EndAsync();
    }

    public async Task<(int Code, string Error)> SignalAsync(PosixSignal signal)
    {
        Signal(signal);
        return await EndAsync();
    }

    /// <summary>Does not wait for the end.</summary>
    public void Signal(PosixSignal signal) =>
        ProcessSignal.Send(_process.Id, signal == PosixSignal.SIGINT ? ProcessSignal.Interrupt : ProcessSignal.Terminate);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    // Of several on one database each has a file of its own.
    private static async Task<(TrackerProcess Tracker, bool Listens)> TryStartAsync(string folder, int port, string? connectionString, string[] wrapper, string[] settings)
    {
        var info = Path.Combine(folder, $"tracker_info_{port}.txt");
        await File.WriteAllTextAsync(info, $"# trackers\n192.0.2.1:1\n127.0.0.1:{port}\n");
        var data = Path.Combine(folder, "data");
        var kind = connectionString is null ? DatabaseKind.Sqlite : DatabaseKind.Postgres;
        var tracker = Start(folder, wrapper, [info, "2", $"--Tracker:DataPath={data}", $"--Tracker:Database={kind}", .. settings], connectionString);
        return (tracker, await tracker.ListensAsync(port));
    }

    private static TrackerProcess Start(string folder, string[] wrapper, IEnumerable<string> args, string? connectionString = null)
    {
        var host = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        var (arguments, variables) = (args.Where(text => !Variable().IsMatch(text)), args.Where(text => Variable().IsMatch(text)));
        string[] command = [.. Interruptible.Wrapper, .. wrapper, host, Path.Combine(AppContext.BaseDirectory, "P2PShare.TrackerHost.dll"), .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = folder,
            Environment = { ["ConnectionStrings__Tracker"] = connectionString },
        };
        foreach (var parts in variables.Select(variable => variable.Split('=', 2)))
        {
            start.Environment[parts[0]] = parts[1];
        }

        return new TrackerProcess(Process.Start(start)!);
    }

    private async Task<bool> ListensAsync(int port)
    {
        const string Prefix = "fingerprint: ";
        while (await _process.StandardOutput.ReadLineAsync().WaitAsync(Deadline) is { } line)
        {
            Output.Add(line);
            if (line.StartsWith(Prefix, StringComparison.Ordinal))
            {
                Address = new TrackerAddress("127.0.0.1", port, Hash256.Parse(line[Prefix.Length..]));
                return true;
            }
        }

        return false;
    }

    private async Task<(int Code, string Error)> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Deadline);
        await _error;
        return (_process.ExitCode, Log);
    }

    private async Task ReadErrorAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            lock (_lines)
            {
                _lines.Add(line);
            }
        }
    }

    [GeneratedRegex("^[A-Za-z_]+=")]
    private static partial Regex Variable();
}
