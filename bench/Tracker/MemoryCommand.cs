using System.CommandLine;
using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Tracker;

/// <summary>How much memory one user can make a tracker take, whose limits are its own.</summary>
internal sealed class MemoryCommand : BenchCommand
{
    private readonly Option<int[]> _connections = BenchOptions.Counts("--connections", [24, 80], "connections that each send an announce at the same time");
    private readonly Option<int> _addresses = BenchOptions.Count("--addresses", 260_000, "addresses that each announce names");
    private readonly Option<int> _times = BenchOptions.Count("--times", 3, "how often all announces are sent, each time over new connections");
    private readonly Option<int> _readers = BenchOptions.Count("--readers", 80, "connections that each read a list slowly");
    private readonly Option<int> _files = BenchOptions.Count("--files", 15_000, "files of the group that they list");
    private readonly Option<int> _speed = BenchOptions.Count("--speed", 16, "bytes that each of them reads in a second");
    private readonly Option<int> _seconds = BenchOptions.Count("--seconds", 30, "how long they read");
    private readonly Option<string?> _postgres = BenchOptions.Text("--postgres", "CONNECTION", "connection string of a PostgreSQL role that may create databases; without it the tracker has SQLite");
    private readonly Option<string[]> _cases = BenchOptions.Cases(Enum.GetNames<MemoryCase>());

    public MemoryCommand()
        : base("memory", "What one user can make a tracker hold in memory, and whether another user is answered meanwhile.")
    {
        foreach (var option in new Option[] { _connections, _addresses, _times, _readers, _files, _speed, _seconds, _postgres, _cases })
        {
            Options.Add(option);
        }
    }

    protected override async Task<Measured> MeasureAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
        {
            return Measured.Nothing("Linux, whose /proc has the memory of a process");
        }

        var cases = arguments.GetRequiredValue(_cases).Select(Enum.Parse<MemoryCase>).ToList();
        var attacks = new List<Attack>();
        if (cases.Contains(MemoryCase.Announces))
        {
            attacks.AddRange(arguments.GetRequiredValue(_connections).Select(count => new LongAnnounces(count, arguments.GetValue(_times), arguments.GetValue(_addresses))));
        }

        if (cases.Contains(MemoryCase.SlowLists))
        {
            attacks.Add(new SlowLists(arguments.GetValue(_readers), arguments.GetValue(_files), arguments.GetValue(_speed), TimeSpan.FromSeconds(arguments.GetValue(_seconds))));
        }

        var rows = new List<Row>();
        using var work = new WorkFolder();
        await using var postgres = arguments.GetValue(_postgres) is { } connection ? new PostgresDatabases(connection) : null;
        foreach (var (number, attack) in attacks.Index())
        {
            rows.AddRange(await attack.RunAsync(work.Make($"{number}"), postgres, cancellationToken));
        }

        return new Measured(rows, Succeeded: true);
    }
}
