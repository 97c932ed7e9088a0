using System.Diagnostics;
using System.Globalization;
using System.Net;
using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Tracker;

/// <summary>Peers of one tracker that all open a connection at once, and send a heartbeat over it.</summary>
/// <param name="rest">How long after the end of all connections the memory is looked at.</param>
internal sealed class Herd(int count, TimeSpan rest)
{
    private const string RateUnit = "answers/s";
    private const int Warming = 1000;

    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);

    // The tracker looks every few seconds whether there is memory to give back.
    private static readonly TimeSpan Idling = TimeSpan.FromSeconds(20);

    private readonly string _case = $"herd of {count}";

    /// <summary>Prints what happens.</summary>
    public async Task<IReadOnlyList<Row>> RunAsync(string folder, PostgresDatabases? postgres, CancellationToken cancellationToken)
    {
        var settings = await SingleTracker.SettingsAsync(postgres, P2PShareSubject.Unlimited, cancellationToken);
        await using var tracker = await SingleTracker.StartAsync(folder, settings, cancellationToken);
        var peers = await tracker.BringOnlineAsync(count, cancellationToken);
        using (var few = tracker.Connect(Warming, AddressOf))
        {
            await Task.WhenAll(Enumerable.Range(0, Warming).Select(peer => peers.StayOnlineAsync(few, peer)));
        }

        await Task.Delay(Settling, cancellationToken);
        var before = tracker.ReadMemory();
        var watch = Stopwatch.StartNew();
        var times = new double[count];
        var failures = 0;
        long peak;
        long idle;
        using (var connections = tracker.Connect(count, AddressOf))
        {
            using var sampling = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var sampled = tracker.SampleMemoryAsync(SampleInterval, sampling.Token);
            watch.Restart();
            await Task.WhenAll(Enumerable.Range(0, count).Select(OneAsync));
            await sampling.CancelAsync();
            peak = await sampled;
            await Task.Delay(Idling, cancellationToken);
            idle = tracker.ReadMemory();

            async Task OneAsync(int peer)
            {
                // Without it, the first thousand would be answered before the last is begun.
                await Task.Yield();
                while (true)
                {
                    try
                    {
                        await peers.StayOnlineAsync(connections, peer);
                        times[peer] = watch.Elapsed.TotalSeconds;
                        return;
                    }
                    catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        Interlocked.Increment(ref failures);
                    }
                }
            }
        }

        await Task.Delay(rest, cancellationToken);
        var after = tracker.ReadMemory();
        Array.Sort(times);
        (string Unit, double Value)[] values =
        [
            ("seconds until all were answered", times[^1]), ("seconds until half were answered", times[count / 2]), (RateUnit, count / times[^1]), ("failed attempts", failures),
            ("MiB before", Mebibytes(before)), ("MiB at the peak", Mebibytes(peak)), ("MiB with all connections idle", Mebibytes(idle)),
            ("KiB for each idle connection", (idle - before) / 1024.0 / count), ($"MiB {rest.TotalSeconds:0} s after they closed", Mebibytes(after)), ("× before", after / (double)before),
        ];
        Console.WriteLine($"\n{_case}, each from an address of its own; {Environment.ProcessorCount} processors, client included");
        foreach (var (unit, value) in values)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {value,10:0.##} {unit}"));
        }

        return [.. values.Select(value => Row.Of(_case, SingleTracker.Subject, value.Unit, [value.Value]))];
    }

    /// <summary>An address of the loopback network for each peer.</summary>
    public static IPAddress AddressOf(int peer) => new([127, (byte)(1 + (peer / 62_500)), (byte)(peer / 250 % 250), (byte)(1 + (peer % 250))]);

    private static double Mebibytes(long bytes) => bytes / 1024.0 / 1024.0;
}
