using System.Collections.Concurrent;
using System.Diagnostics;

namespace P2PShare.Bench.Measuring;

/// <summary>A process of a benchmark. It ends, with all that it started, when this is disposed.</summary>
public sealed class Child : IAsyncDisposable
{
    private const int KeptLines = 20;
    private static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(15);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _errors = [];
    private readonly Task _errorReader;

    private Child(string program, Process process)
    {
        Name = Path.GetFileName(program);
        _process = process;
        _errorReader = KeepAsync(process.StandardError);
    }

    public string Name { get; }

    public int Id => _process.Id;

    /// <param name="program">Absolute path, or a name on the PATH.</param>
    /// <param name="environment">Variables beside those of this process.</param>
    public static Child Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        // The debugging sockets of a .NET program would outlive it when it is killed.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return new Child(program, Process.Start(start) ?? throw new BenchException($"'{program}' could not be started."));
    }

    /// <summary>Starts a program and waits for its end.</summary>
    /// <returns>What it wrote to its standard output.</returns>
    /// <exception cref="BenchException">Its exit code was not 0.</exception>
    public static async Task<string> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        await using var child = Start(program, arguments);
        return await child.CompleteAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>What it wrote to its standard output.</returns>
    /// <exception cref="BenchException">Its exit code was not 0.</exception>
    public async Task<string> CompleteAsync(CancellationToken cancellationToken)
    {
        _process.StandardInput.Close();
        var output = await _process.StandardOutput.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        await _process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        return _process.ExitCode == 0
            ? output
            : throw new BenchException($"{Name} ended with exit code {_process.ExitCode}: {await ErrorTextAsync().ConfigureAwait(false)}");
    }

    /// <summary>Says a line to it and waits for the line that it answers.</summary>
    /// <exception cref="BenchException">It ended instead.</exception>
    public async Task<string> AskAsync(string line, CancellationToken cancellationToken)
    {
        try
        {
            await _process.StandardInput.WriteLineAsync(line.AsMemory(), cancellationToken).ConfigureAwait(false);
            await _process.StandardInput.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException)
        {
            throw await EndedAsync().ConfigureAwait(false);
        }

        return await ReadLineAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits for the next line that it writes.</summary>
    /// <exception cref="BenchException">It ended instead.</exception>
    public async Task<string> ReadLineAsync(CancellationToken cancellationToken) =>
        await _process.StandardOutput.ReadLineAsync(cancellationToken).ConfigureAwait(false)
        ?? throw await EndedAsync().ConfigureAwait(false);

    /// <summary>Goes on reading what it writes and forgets it, since a full pipe would hold it up.</summary>
    public void IgnoreOutput() => _ = KeepAsync(_process.StandardOutput);

    /// <summary>Waits until it listens.</summary>
    /// <exception cref="BenchException">It ended instead, or took too long.</exception>
    public async Task WaitForPortAsync(int port, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        while (!await LoopbackPort.AcceptsAsync(port, cancellationToken).ConfigureAwait(false))
        {
            if (_process.HasExited)
            {
                throw await EndedAsync().ConfigureAwait(false);
            }

            if (watch.Elapsed > TimeToEnd)
            {
                throw new BenchException($"{Name} did not listen on port {port} within {TimeToEnd.TotalSeconds} s: {string.Join(' ', _errors)}");
            }

            await Task.Delay(20, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Ends a program that ends when its standard input does.</summary>
    public async Task EndAsync()
    {
        _process.StandardInput.Close();
        IgnoreOutput();
        using var limit = new CancellationTokenSource(TimeToEnd);
        try
        {
            await _process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Disposal ends it.
        }
    }

    public async ValueTask DisposeAsync()
    {
        using (_process)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync().ConfigureAwait(false);
        }
    }

    private async Task<BenchException> EndedAsync() => new($"{Name} ended: {await ErrorTextAsync().ConfigureAwait(false)}");

    private async Task<string> ErrorTextAsync()
    {
        await _errorReader.ConfigureAwait(false);
        return string.Join(' ', _errors);
    }

    private async Task KeepAsync(StreamReader reader)
    {
        try
        {
            while (await reader.ReadLineAsync().ConfigureAwait(false) is { } line)
            {
                _errors.Enqueue(line);
                if (_errors.Count > KeptLines)
                {
                    _errors.TryDequeue(out _);
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The process was disposed, or somebody still waits for a line of it.
        }
    }
}
