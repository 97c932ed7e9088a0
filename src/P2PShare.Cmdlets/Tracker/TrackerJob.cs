using System.Diagnostics;
using P2PShare.Cmdlets.Jobs;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Tracker;

/// <summary>A tracker's process as a job. Its output is the lines that the tracker logs.</summary>
public sealed class TrackerJob : P2PJob
{
    private const string ListeningPrefix = "listening: https://";
    private const string FingerprintPrefix = "fingerprint: ";

    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(8);

    private readonly Process _process;
    private readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly Queue<string> _lastLines = new();
    private string _listensAt = "";
    private string _address = "";

    private TrackerJob(Process process)
        : base("Start-P2PTracker", "P2PTracker", "P2PTracker")
    {
        _process = process;
        ProcessId = process.Id;
    }

    /// <summary>The address at which clients connect, <c>host:port</c>.</summary>
    public override string Location => _address;

    /// <summary>Of its certificate.</summary>
    public string Fingerprint { get; private set; } = "";

    public int ProcessId { get; }

    internal override int StopRound => 2;

    /// <summary>Whether it is this tracker that answers at an address.</summary>
    internal bool AnswersAt(TrackerAddress address) => !IsFinished && _listensAt.Length > 0 && OwnAddress.Answers(_listensAt, address);

    /// <summary>Starts the program and returns when it listens.</summary>
    /// <param name="program">The tracker's assembly.</param>
    /// <param name="arguments">Of the program; no secrets, because other users can read them.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.TrackerNotStarted"/>, with the last lines of the program.</exception>
    internal static async Task<TrackerJob> StartAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var host = DotnetHost.Find() ?? throw new P2PShareException(
            ErrorCode.TrackerNotStarted, "The program 'dotnet', which runs the tracker, was not found: install the .NET 10 runtime with ASP.NET Core, or set DOTNET_ROOT.");
        var start = new ProcessStartInfo(host, ["exec", program, .. arguments])
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var job = new TrackerJob(Process.Start(start)!);
        job.Start(job.RunAsync);
        try
        {
            await job._listening.Task.WaitAsync(StartPatience, cancellationToken).ConfigureAwait(false);
            return job;
        }
        catch (Exception e)
        {
            job.Dispose();
            throw e is TimeoutException
                ? new P2PShareException(ErrorCode.TrackerNotStarted, $"The tracker did not listen within {StartPatience.TotalSeconds:0} seconds.")
                : e;
        }
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            _process.Dispose();
        }
    }

    private async Task RunAsync(CancellationToken stop)
    {
        var reading = Task.WhenAll(ReadAsync(_process.StandardOutput), ReadAsync(_process.StandardError));
        try
        {
            await _process.WaitForExitAsync(stop).ConfigureAwait(false);
            await reading.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await EndAsync().ConfigureAwait(false);
            _listening.TrySetCanceled(stop);
            throw;
        }

        var fault = new P2PShareException(ErrorCode.TrackerNotStarted, Explain());
        if (_listening.TrySetException(fault))
        {
            return;
        }

        throw new P2PShareException(ErrorCode.TrackerFailed, Explain());
    }

    private async Task EndAsync()
    {
        // The end of its input makes it stop, on every system and without a signal.
        _process.StandardInput.Close();
        try
        {
            using var patience = new CancellationTokenSource(EndPatience);
            await _process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Everything that it has acknowledged is on disk.
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async Task ReadAsync(StreamReader lines)
    {
        while (await lines.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            lock (_lock)
            {
                _lastLines.Enqueue(line);
                if (_lastLines.Count > 5)
                {
                    _lastLines.Dequeue();
                }
            }

            AddOutput(line);
            if (line.StartsWith(ListeningPrefix, StringComparison.Ordinal))
            {
                _listensAt = line[ListeningPrefix.Length..];
                _address = OwnAddress.ToDial(_listensAt);
            }
            else if (line.StartsWith(FingerprintPrefix, StringComparison.Ordinal))
            {
                Fingerprint = line[FingerprintPrefix.Length..];
                _listening.TrySetResult();
            }
        }
    }

    private string Explain()
    {
        lock (_lock)
        {
            return $"The tracker's program ended with code {_process.ExitCode}: {string.Join(" ", _lastLines)}".TrimEnd(':', ' ');
        }
    }
}
