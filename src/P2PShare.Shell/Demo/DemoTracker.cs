using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace P2PShare.Shell.Demo;

/// <summary>A tracker process on a free loopback port.</summary>
/// <param name="Address">host:port.</param>
/// <param name="Log">Its last lines of output, printed if the demonstration fails.</param>
internal sealed record DemoTracker(ChildProcess Process, string Address, ConcurrentQueue<string> Log)
{
    private const int LogLines = 20;
    private const string FingerprintLine = "fingerprint:";
    private const int Attempts = 3;
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(30);

    /// <summary>Starts it, and writes a tracker_info.txt with its fingerprint for the clients.</summary>
    /// <param name="folder">Folder for tracker_info.txt and the tracker's data.</param>
    /// <exception cref="ShellException">It did not start.</exception>
    public static async Task<DemoTracker> StartAsync(string module, string folder, string temporary, CancellationToken cancellationToken)
    {
        var program = Path.Combine(Path.GetDirectoryName(module)!, "tracker", "P2PShare.TrackerHost.dll");
        if (!File.Exists(program))
        {
            throw new ShellException($"The tracker's program was not found at '{program}'. Build it with 'dotnet build'.");
        }

        // Another program may take the free port before the tracker listens on it.
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await StartOnceAsync(program, folder, temporary, cancellationToken).ConfigureAwait(false);
            }
            catch (ShellException) when (attempt < Attempts)
            {
            }
        }
    }

    private static async Task<DemoTracker> StartOnceAsync(string program, string folder, string temporary, CancellationToken cancellationToken)
    {
        var address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{FreePort()}");
        var info = Path.Combine(folder, "tracker_info.txt");
        await File.WriteAllTextAsync(info, address + "\n", cancellationToken).ConfigureAwait(false);
        Console.WriteLine("tracker> P2PShare.TrackerHost tracker_info.txt 1");
        var process = ChildProcess.Start(
            "tracker",
            // Its input comes from this process: if this process is killed, the tracker ends too.
            [program, info, "1", "--Tracker:DataPath=" + Path.Combine(folder, "tracker"), "--Tracker:StopAtEndOfInput=true"],
            captured: true,
            folder,
            temporary,
            home: null);
        try
        {
            var log = new ConcurrentQueue<string>();
            var errors = KeepAsync(process.Errors, log);
            var fingerprint = await ReadFingerprintAsync(process, errors, log, cancellationToken).ConfigureAwait(false);
            await File.WriteAllTextAsync(info, $"{address} {fingerprint}\n", cancellationToken).ConfigureAwait(false);
            return new DemoTracker(process, address, log);
        }
        catch
        {
            await process.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static async Task<string> ReadFingerprintAsync(
        ChildProcess process, Task errors, ConcurrentQueue<string> log, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartTime);
        try
        {
            while (await process.Output.ReadLineAsync(limit.Token).ConfigureAwait(false) is { } line)
            {
                Console.WriteLine($"tracker| {line}");
                if (line.StartsWith(FingerprintLine, StringComparison.OrdinalIgnoreCase))
                {
                    _ = KeepAsync(process.Output, log);
                    return line[FingerprintLine.Length..].Trim();
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ShellException($"The tracker did not listen within {StartTime.TotalSeconds:0} s.");
        }

        await errors.ConfigureAwait(false);
        throw new ShellException($"The tracker ended before it listened: {string.Join(' ', log)}");
    }

    // Reads to the end: a full pipe would block the tracker.
    private static async Task KeepAsync(StreamReader reader, ConcurrentQueue<string> log)
    {
        while (await reader.ReadLineAsync(CancellationToken.None).ConfigureAwait(false) is { } line)
        {
            log.Enqueue(line);
            if (log.Count > LogLines)
            {
                log.TryDequeue(out _);
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
