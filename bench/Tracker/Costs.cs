using System.Diagnostics;
using System.Globalization;
using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Tracker;

/// <summary>Times requests of one user, one at a time.</summary>
/// <param name="holders">Peers that each have all of the contents whose sources are looked for.</param>
internal sealed class Costs(int requests, int warm, int holders)
{
    // The tracker's own limit, and what it takes to set the bench up.
    private const int RequestsPerMinute = 60_000;
    private const int SetUp = 5_000;

    /// <summary>Prints the table.</summary>
    public async Task<IReadOnlyList<Row>> RunAsync(string folder, PostgresDatabases? postgres, CancellationToken cancellationToken)
    {
        var permits = (requests + warm) * CostlyRequest.All.Sum(request => request.Permits);
        var settings = await SingleTracker.SettingsAsync(
            postgres,
            new Dictionary<string, string> { ["Tracker:RequestsPerMinute"] = Math.Max(RequestsPerMinute, SetUp + permits).ToString(CultureInfo.InvariantCulture) },
            cancellationToken);
        await using var tracker = await SingleTracker.StartAsync(folder, settings, cancellationToken);
        var peers = await tracker.BringOnlineAsync(holders, cancellationToken);
        using var connections = tracker.Connect(1);
        var user = await CostlyUser.CreateAsync(peers, connections, holders, cancellationToken);

        var table = new Table("request", "permits", "p50 ms", "p99 ms", "p50 ms for a permit", "answer KiB");
        var rows = new List<Row>();
        foreach (var request in CostlyRequest.All)
        {
            var (latencies, length) = await MeasureAsync(() => request.SendAsync(user), cancellationToken);
            var (median, tail) = (latencies.Percentile(0.5), latencies.Percentile(0.99));
            table.Add(request.Name, $"{request.Permits}", Format(median), Format(tail), Format(median / request.Permits), Format(length / 1024.0));
            rows.AddRange(
            [
                Row.Of(request.Name, SingleTracker.Subject, "permits", [request.Permits]),
                Row.Of(request.Name, SingleTracker.Subject, "p50 ms", [median]),
                Row.Of(request.Name, SingleTracker.Subject, "p99 ms", [tail]),
            ]);
        }

        Console.WriteLine(
            $"\ncosts, {(postgres is null ? "SQLite" : "PostgreSQL")}: {requests} of each, one at a time, over HTTP/2 and TLS; each content has {holders} sources; "
            + $"{Environment.ProcessorCount} processors, client included\n\n{table}");
        return rows;
    }

    private async Task<(Latencies Latencies, long Length)> MeasureAsync(Func<Task<long>> send, CancellationToken cancellationToken)
    {
        for (var i = 0; i < warm; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await send();
        }

        var took = new double[requests];
        var length = 0L;
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < requests; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var begun = Stopwatch.GetTimestamp();
            length = await send();
            took[i] = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
        }

        return (new Latencies(took, watch.Elapsed), length);
    }

    private static string Format(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
}
