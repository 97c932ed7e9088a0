using System.Diagnostics;
using System.Globalization;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Tracker;

/// <summary>One of them: writes of others each 20 ms before and while it happens, and their announces before and after.</summary>
/// <param name="count">Members, files or peers.</param>
internal sealed class Outage(OutageCase @case, int count)
{
    private const int Announcers = 10_000;
    private const int Concurrency = 128;
    private const int FewConnections = 4;

    private static readonly TimeSpan WriteInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    // The purge begins so long after the start.
    private static readonly TimeSpan AnnounceInterval = TimeSpan.FromSeconds(30);

    /// <summary>Prints the times.</summary>
    public async Task<IReadOnlyList<Row>> RunAsync(string folder, PostgresDatabases? postgres, CancellationToken cancellationToken)
    {
        var settings = await SingleTracker.SettingsAsync(postgres, P2PShareSubject.Unlimited, cancellationToken);
        settings["Tracker:AnnounceInterval"] = AnnounceInterval.ToString("c", CultureInfo.InvariantCulture);
        settings["Tracker:FilesPerUser"] = "10000000";
        settings["Tracker:FilesPerGroup"] = "10000000";
        var connectionString = settings.GetValueOrDefault("ConnectionStrings:Tracker");
        await using var tracker = await SingleTracker.StartAsync(folder, settings, cancellationToken);
        var peers = await tracker.BringOnlineAsync(1, cancellationToken);
        // The second user leaves or logs out; the group is the first one's.
        await tracker.KillAsync();
        await using var tables = await TrackerTables.OpenAsync(tracker.DataPath, connectionString, cancellationToken);
        await (@case switch
        {
            OutageCase.GroupRemoval => tables.AddMembersAsync(count),
            OutageCase.Leave => tables.AddFilesAsync(count, SimulatedPeers.UserName(1)),
            _ => tables.AddPeersAsync(count, peers.TokenHashOf(1), areOnline: @case == OutageCase.Logout),
        });
        await tracker.RestartAsync(cancellationToken);
        using var connections = tracker.Connect(FewConnections);
        // The session that logs out has none of them.
        int[] announcers = @case == OutageCase.Silence ? [0] : [.. Enumerable.Range(0, Announcers).Where(peer => !SimulatedPeers.IsOfSession(peer, 1))];
        await Load.EachAsync(announcers.Length, Concurrency, i => peers.ComeOnlineAsync(connections, announcers[i]), cancellationToken);
        Task HeartbeatAsync(int number) => peers.StayOnlineAsync(connections, announcers[number % announcers.Length]);

        // Twice, as the first one compiles.
        await Load.SaturateAsync(HeartbeatAsync, Concurrency, Window, cancellationToken);
        var announcesBefore = await Load.SaturateAsync(HeartbeatAsync, Concurrency, Window, cancellationToken);
        var before = await WriteAsync(peers, connections, Task.Delay(Window, cancellationToken));
        var watch = Stopwatch.StartNew();
        var act = @case switch
        {
            OutageCase.GroupRemoval => peers.RemoveGroupAsync(connections),
            OutageCase.Leave => peers.LeaveAsync(connections, 1),
            OutageCase.Logout => peers.LogOutAsync(connections, 1),
            _ => UntilPurgedAsync(tables, cancellationToken),
        };
        var during = await WriteAsync(peers, connections, act);
        await act;
        var took = watch.Elapsed;
        // Each announcer has its answer to what happened once.
        await Load.EachAsync(announcers.Length, Concurrency, i => peers.LearnRevocationsAsync(connections, announcers[i]), cancellationToken);
        var announcesAfter = await Load.SaturateAsync(HeartbeatAsync, Concurrency, Window, cancellationToken);

        var name = $"{@case}, {count}";
        var ratio = announcesAfter.PerSecond / announcesBefore.PerSecond;
        Console.WriteLine(FormattableString.Invariant(
            $"\n{name}, {(postgres is null ? "SQLite" : "PostgreSQL")}: took {took.TotalSeconds:0.00} s; writes of others p50 {before.Percentile(0.5):0.0} ms, longest {before.Percentile(1):0.0} ms before; p50 {during.Percentile(0.5):0.0} ms, longest {during.Percentile(1):0.0} ms meanwhile; heartbeats {announcesBefore.PerSecond:0}/s before, {announcesAfter.PerSecond:0}/s after ({ratio:0.00})"));
        return
        [
            Row.Of(name, SingleTracker.Subject, "seconds", [took.TotalSeconds]),
            Row.Of(name, SingleTracker.Subject, "longest write before, ms", [before.Percentile(1)]),
            Row.Of(name, SingleTracker.Subject, "longest write meanwhile, ms", [during.Percentile(1)]),
            Row.Of(name, SingleTracker.Subject, "heartbeats/s after, × before", [ratio]),
        ];
    }

    /// <summary>A user makes groups until a task has ended, and at least for one more.</summary>
    private static async Task<Latencies> WriteAsync(SimulatedPeers peers, Connections connections, Task until)
    {
        var took = new List<double>();
        var watch = Stopwatch.StartNew();
        bool ended;
        do
        {
            ended = until.IsCompleted;
            var begun = Stopwatch.GetTimestamp();
            await peers.CreateGroupAsync(connections, 2);
            took.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            await Task.Delay(WriteInterval);
        }
        while (!ended);

        return new Latencies(took, watch.Elapsed);
    }

    private static async Task UntilPurgedAsync(TrackerTables tables, CancellationToken cancellationToken)
    {
        while (await tables.HasExpiredPeersAsync())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500), cancellationToken);
        }
    }
}
