using System.Diagnostics;
using System.Globalization;
using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Tracker;

/// <summary>
/// One user of a new tracker tries to fill its memory, while another sends heartbeats. No limit of the tracker is raised.
/// </summary>
/// <param name="name">Of the case, in the table.</param>
internal abstract class Attack(string name)
{
    /// <summary>The user that attacks, and its peer.</summary>
    protected const int Attacker = 1;

    private const int Honest = 2;

    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Warming = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(10);

    /// <summary>Prints what happens.</summary>
    public async Task<IReadOnlyList<Row>> RunAsync(string folder, PostgresDatabases? postgres, CancellationToken cancellationToken)
    {
        var settings = await SingleTracker.SettingsAsync(postgres, new Dictionary<string, string>(), cancellationToken);
        await using var tracker = await SingleTracker.StartAsync(folder, settings, cancellationToken);
        var peers = await tracker.BringOnlineAsync(Honest + 1, cancellationToken);
        await PrepareAsync(tracker, settings.GetValueOrDefault("ConnectionStrings:Tracker"), cancellationToken);
        using var connections = tracker.Connect(1);
        await Load.SaturateAsync(_ => peers.StayOnlineAsync(connections, Honest), 1, Warming, cancellationToken);

        var before = tracker.ReadResidentMemory();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sampled = tracker.SampleMemoryAsync(SampleInterval, ending.Token);
        var heartbeats = SendHeartbeatsAsync(peers, connections, ending.Token);
        var watch = Stopwatch.StartNew();
        var answers = await AttackAsync(tracker, peers, cancellationToken);
        var took = watch.Elapsed;
        await ending.CancelAsync();
        var (times, failed) = await heartbeats;
        var peak = await sampled;
        await Task.Delay(Rest, cancellationToken);
        var after = tracker.ReadResidentMemory();

        (string Unit, double Value)[] values =
        [
            ("MiB before (VmRSS)", Mebibytes(before.Now)),
            ("MiB at the peak", Mebibytes(peak)),
            ($"MiB {Rest.TotalSeconds:0} s after", Mebibytes(after.Now)),
            ("MiB at most until before (VmHWM)", Mebibytes(before.Highest)),
            ("MiB at most until the end", Mebibytes(after.Highest)),
            .. answers.CountBy(answer => answer).OrderBy(answer => answer.Key, StringComparer.Ordinal).Select(answer => ($"× {answer.Key}", (double)answer.Value)),
            ("seconds", took.TotalSeconds),
            ("heartbeats of another user answered", times.Count),
            ("heartbeats of another user not answered", failed),
            ("ms that the longest of them took", times.DefaultIfEmpty(double.NaN).Max()),
        ];
        Console.WriteLine($"\n{name}, {(postgres is null ? "SQLite" : "PostgreSQL")}; {Environment.ProcessorCount} processors, client included");
        foreach (var (unit, value) in values)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {value,10:0.##} {unit}"));
        }

        return [.. values.Select(value => Row.Of(name, SingleTracker.Subject, value.Unit, [value.Value]))];
    }

    /// <summary>Fills the tracker with what is attacked, before anything is measured.</summary>
    /// <param name="connectionString">Of PostgreSQL; null: SQLite.</param>
    protected virtual Task PrepareAsync(SingleTracker tracker, string? connectionString, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <returns>What became of each request: the status of its answer, or a word.</returns>
    protected abstract Task<IReadOnlyList<string>> AttackAsync(SingleTracker tracker, SimulatedPeers peers, CancellationToken cancellationToken);

    /// <summary>Opens connections, and does the same over all of them at the same time.</summary>
    protected static async Task<IReadOnlyList<string>> WithConnectionsAsync(
        SingleTracker tracker, int count, Func<RawConnection, int, Task<string>> ask, CancellationToken cancellationToken)
    {
        var opened = new RawConnection?[count];
        try
        {
            await Load.EachAsync(count, count, async i => opened[i] = await tracker.OpenRawAsync(cancellationToken), cancellationToken);
            return await Task.WhenAll(opened.Select((connection, i) => ask(connection!, i)));
        }
        finally
        {
            foreach (var connection in opened)
            {
                connection?.Dispose();
            }
        }
    }

    protected static string Describe(int? status) => status is { } code ? $"answered {code}" : "closed without an answer";

    private static async Task<(List<double> Times, int Failed)> SendHeartbeatsAsync(SimulatedPeers peers, Connections connections, CancellationToken cancellationToken)
    {
        var times = new List<double>();
        var failed = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            var begun = Stopwatch.GetTimestamp();
            try
            {
                await peers.StayOnlineAsync(connections, Honest);
                times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            }
            catch (Exception e) when (e is BenchException or HttpRequestException or TaskCanceledException)
            {
                failed++;
            }

            await Task.Delay(HeartbeatInterval, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return (times, failed);
    }

    private static double Mebibytes(long bytes) => bytes / 1024.0 / 1024.0;
}
