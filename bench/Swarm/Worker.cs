using System.ComponentModel;
using System.Diagnostics;

namespace P2PShare.Bench.Swarm;

/// <summary>A process that is told what to do line by line and answers a line for each.</summary>
internal sealed class Worker : IDisposable
{
    private readonly Process _process;
    private readonly Queue<string> _errors = new();

    public Worker(Process process)
    {
        _process = process;
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                _errors.Enqueue(line.Data ?? "");
                while (_errors.Count > 20)
                {
                    _errors.Dequeue();
                }
            }
        };
        _process.BeginErrorReadLine();
    }

    /// <summary>The last lines of its standard error.</summary>
    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return string.Join('\n', _errors);
            }
        }
    }

    public async Task TellAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    /// <exception cref="InvalidOperationException">It ended instead.</exception>
    public async Task<string> AnswerAsync(CancellationToken cancellationToken) =>
        await _process.StandardOutput.ReadLineAsync(cancellationToken) ?? throw new InvalidOperationException($"A process ended early. {Errors}");

    public async Task<string> AskAsync(string line, CancellationToken cancellationToken)
    {
        await TellAsync(line);
        return await AnswerAsync(cancellationToken);
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            // It has ended already.
        }
    }

    public void Dispose()
    {
        Kill();
        _process.WaitForExit(2000);
        _process.Dispose();
    }
}
