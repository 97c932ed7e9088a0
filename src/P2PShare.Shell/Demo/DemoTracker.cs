using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace P2PShare.Shell.Demo;

/// <summary>A tracker's process on a free port of this machine.</summary>
/// <param name="Address">host:port.</param>
internal sealed record DemoTracker(ChildProcess Process, string Address)
{
    private const string FingerprintLine = "fingerprint:";
    private const int Attempts = 3;
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(30);

    /// <summary>Starts it, and leaves a tracker_info.txt with its fingerprint for the clients.</summary>
    /// <param name="folder">Gets tracker_info.txt and the tracker's data.</param>
    /// <exception cref="ShellException">It did not start.</exception>
    public static async Task<DemoTracker> StartAsync(string module, string folder, string temporary, CancellationToken cancellationToken)
    {
        var program = Path.Combine(Path.GetDirectoryName(module)!, "tracker", "P2PShare.TrackerHost.dll");
        if (!File.Exists(program))
        {
            throw new ShellException($"The tracker's program was not found at '{program}'. Build it with 'dotnet build'.");
        }

        // Between choosing a free port and listening on it, somebody else may take it.
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
            "tracker", [program, info, "1", "--Tracker:DataPath=" + Path.Combine(folder, "tracker")], captured: true, folder, temporary, home: null);
        try
        {
            var fingerprint = await ReadFingerprintAsync(process, cancellationToken).ConfigureAwait(false);
            await File.WriteAllTextAsync(info, $"{address} {fingerprint}\n", cancellationToken).ConfigureAwait(false);
            return new DemoTracker(process, address);
        }
        catch
        {
            await process.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static async Task<string> ReadFingerprintAsync(ChildProcess process, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartTime);
        var errors = process.Errors.ReadToEndAsync(CancellationToken.None);
        try
        {
            while (await process.Output.ReadLineAsync(limit.Token).ConfigureAwait(false) is { } line)
            {
                if (line.StartsWith(FingerprintLine, StringComparison.OrdinalIgnoreCase))
                {
                    Console.WriteLine($"         {line}");
                    // What it says from here on is of no interest, but must not fill the pipe.
                    _ = process.Output.ReadToEndAsync(CancellationToken.None);
                    return line[FingerprintLine.Length..].Trim();
                }

                Console.WriteLine($"         {line}");
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ShellException($"The tracker did not listen within {StartTime.TotalSeconds:0} s.");
        }

        throw new ShellException($"The tracker ended before it listened: {(await errors.ConfigureAwait(false)).Trim()}");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
