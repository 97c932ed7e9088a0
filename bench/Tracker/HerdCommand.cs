using System.CommandLine;
using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Tracker;

/// <summary>What a tracker does when many peers come at once: new connections, or all of its peers after it was killed.</summary>
internal sealed class HerdCommand : BenchCommand
{
    private const string HerdCase = "Herd";
    private const string ReconnectCase = "Reconnect";

    private readonly Option<int[]> _connections = BenchOptions.Counts("--connections", [12_000, 19_500], "connections that are opened at once, each from an address of its own");
    private readonly Option<int> _peers = BenchOptions.Count("--peers", 19_500, "peers that lose their tracker");
    private readonly Option<int> _down = BenchOptions.Count("--down", 10, "seconds between the kill and the next start");
    private readonly Option<int> _interval = BenchOptions.Count("--interval", 60, "seconds between two announces of a peer");
    private readonly Option<int> _rest = BenchOptions.Count("--rest", 60, "seconds between the end of all connections and the last look at the memory");
    private readonly Option<string?> _postgres = BenchOptions.Text("--postgres", "CONNECTION", "connection string of a PostgreSQL role that may create databases; without it the tracker has SQLite");
    private readonly Option<string[]> _cases = BenchOptions.Cases([HerdCase, ReconnectCase]);

    public HerdCommand()
        : base("herd", "One tracker under a herd: connections that are opened at once, and peers that lose it and return.")
    {
        foreach (var option in new Option[] { _connections, _peers, _down, _interval, _rest, _postgres, _cases })
        {
            Options.Add(option);
        }
    }

    protected override async Task<Measured> MeasureAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var cases = arguments.GetRequiredValue(_cases);
        var rows = new List<Row>();
        using var work = new WorkFolder();
        await using var postgres = arguments.GetValue(_postgres) is { } connection ? new PostgresDatabases(connection) : null;
        if (cases.Contains(HerdCase))
        {
            foreach (var count in arguments.GetRequiredValue(_connections))
            {
                var herd = new Herd(count, TimeSpan.FromSeconds(arguments.GetValue(_rest)));
                rows.AddRange(await herd.RunAsync(work.Make($"herd{count}"), postgres, cancellationToken));
            }
        }

        if (cases.Contains(ReconnectCase))
        {
            var reconnect = new Reconnect(
                arguments.GetValue(_peers), TimeSpan.FromSeconds(arguments.GetValue(_interval)), TimeSpan.FromSeconds(arguments.GetValue(_down)));
            rows.AddRange(await reconnect.RunAsync(work.Make("reconnect"), postgres, cancellationToken));
        }

        return new Measured(rows, Succeeded: true);
    }
}
