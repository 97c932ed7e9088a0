using System.Collections.Concurrent;
using System.Diagnostics;

namespace P2PShare.Bench.Measuring.Processes;

/// <summary>
/// A process of a benchmark that is asked over its standard input and answers over its standard output. It ends, with all that
/// it started, when this is disposed.
/// </summary>
internal sealed class Child : IAsyncDisposable
{
    private const int KeptLines = 20;
    private static readonly TimeSpan TimeToStart = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _errors = [];
    private readonly Task _errorReader;
    private bool _isDisposed;

    private Child(string name, Process process)
    {
        Name = name;
        _process = process;
        Id = process.Id;
        _errorReader = KeepAsync(process.StandardError);
    }

    /// <summary>As messages name it.</summary>
    public string Name { get; }

    public int Id { get; }

    /// <param name="program">Absolute path, or a name on the PATH.</param>
    /// <param name="environment">Variables beside those of this process.</param>
    /// <param name="folder">Its current folder; null: this process's.</param>
    /// <param name="name">As messages name it; null: as its file is named.</param>
    /// <exception cref="BenchException">It cannot be started.</exception>
    public static Child Start(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? folder = null, string? name = null) =>
        new(name ?? Path.GetFileName(program), WatchedProcess.Start(
            new ProcessStartInfo(program, arguments)
            {
                WorkingDirectory = folder,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
            environment));

    /// <summary>Starts a program and waits for its end.</summary>
    /// <returns>What it wrote to its standard output.</returns>
    /// <exception cref="BenchException">Its exit code was not 0.</exception>
    public static async Task<string> RunAsync(
        string program, IEnumerable<string> arguments, CancellationToken cancellationToken, IReadOnlyDictionary<string, string>? environment = null, string? folder = null)
    {
        await using var child = Start(program, arguments, environment, folder);
        return await child.CompleteAsync(cancellationToken);
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>What it wrote to its standard output.</returns>
    /// <exception cref="BenchException">Its exit code was not 0.</exception>
    public async Task<string> CompleteAsync(CancellationToken cancellationToken)
    {
        CloseInput();
        var output = await _process.StandardOutput.ReadToEndAsync(cancellationToken);
        await _process.WaitForExitAsync(cancellationToken);
        return _process.ExitCode == 0 ? output : throw await EndedAsync();
    }

    /// <summary>Sends it a line and waits for the line that it answers.</summary>
    /// <exception cref="BenchException">It ended instead.</exception>
    public async Task<string> AskAsync(string line, CancellationToken cancellationToken)
    {
        await SendAsync(line, cancellationToken);
        return await ReadLineAsync(cancellationToken);
    }

    /// <summary>Sends it a line.</summary>
    /// <exception cref="BenchException">It has ended.</exception>
    public async Task SendAsync(string line, CancellationToken cancellationToken)
    {
        try
        {
            await _process.StandardInput.WriteLineAsync(line.AsMemory(), cancellationToken);
            await _process.StandardInput.FlushAsync(cancellationToken);
        }
        catch (IOException)
        {
            throw await EndedAsync();
        }
    }

    /// <summary>Waits for the next line that it writes.</summary>
    /// <exception cref="BenchException">It ended instead.</exception>
    public async Task<string> ReadLineAsync(CancellationToken cancellationToken) =>
        await _process.StandardOutput.ReadLineAsync(cancellationToken) ?? throw await EndedAsync();

    /// <summary>Continues to read what it writes and drops it, since a full pipe would block it.</summary>
    public void IgnoreOutput() => _ = KeepAsync(_process.StandardOutput);

    /// <summary>Waits until it listens on a port of 127.0.0.1.</summary>
    /// <exception cref="BenchException">It ended instead, or took too long.</exception>
    public Task WaitForPortAsync(int port, CancellationToken cancellationToken) =>
        WaitAsync(() => LoopbackPort.AcceptsAsync(port, cancellationToken), $"listen on port {port}", cancellationToken);

    /// <summary>Waits until a file exists.</summary>
    /// <exception cref="BenchException">It ended instead, or took too long.</exception>
    public Task WaitForFileAsync(string path, CancellationToken cancellationToken) =>
        WaitAsync(() => Task.FromResult(File.Exists(path)), $"write '{path}'", cancellationToken);

    /// <summary>Ends a program that ends when its standard input does.</summary>
    public async Task EndAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        CloseInput();
        IgnoreOutput();
        using var limit = new CancellationTokenSource(TimeToEnd);
        // If it takes longer, disposal ends it.
        await _process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Asks it to end (SIGTERM, not on Windows) and waits until it has ended; if that takes too long, disposal ends it.</summary>
    public async Task TerminateAsync()
    {
        if (!_isDisposed && !_process.HasExited)
        {
            Signal.Terminate(Id);
            using var limit = new CancellationTokenSource(TimeToEnd);
            await _process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary><c>kill -9</c>, also of what it started.</summary>
    public void Kill() => WatchedProcess.Kill(_process);

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        using (_process)
        {
            await WatchedProcess.EndAsync(_process);
        }
    }

    private async Task WaitAsync(Func<Task<bool>> isTrue, string what, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        while (!await isTrue())
        {
            if (_process.HasExited)
            {
                throw await EndedAsync();
            }

            if (watch.Elapsed > TimeToStart)
            {
                throw new BenchException($"{Name} did not {what} within {TimeToStart.TotalSeconds} s: {string.Join(' ', _errors)}");
            }

            await Task.Delay(LookInterval, cancellationToken);
        }
    }

    private void CloseInput()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended, and did not read everything.
        }
    }

    private async Task<BenchException> EndedAsync()
    {
        using var limit = new CancellationTokenSource(TimeToEnd);
        await _process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return new BenchException(_process.HasExited
            ? $"{Name} ended with exit code {_process.ExitCode}: {await ErrorTextAsync()}"
            : $"{Name} has closed its standard output: {string.Join(' ', _errors)}");
    }

    private async Task<string> ErrorTextAsync()
    {
        // A process that it started may hold its standard error open.
        await _errorReader.WaitAsync(TimeToEnd).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return string.Join(' ', _errors);
    }

    private async Task KeepAsync(StreamReader reader)
    {
        try
        {
            while (await reader.ReadLineAsync() is { } line)
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
            // The process was disposed, or its next line is still waited for.
        }
    }
}
