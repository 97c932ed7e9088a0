using System.CommandLine;
using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Tracker;

/// <summary>What the largest requests take of a tracker, beside what they count for against the limits of rates.</summary>
internal sealed class CostsCommand : BenchCommand
{
    private readonly Option<int> _requests = BenchOptions.Count("--requests", 200, "how often each request is sent, one at a time");
    private readonly Option<int> _warm = BenchOptions.Count("--warm", 100, "requests before that which do not count");
    private readonly Option<int> _holders = BenchOptions.Count("--holders", 400, "peers that each have all of the contents whose sources are looked for");
    private readonly Option<string?> _postgres = BenchOptions.Text("--postgres", "CONNECTION", "connection string of a PostgreSQL role that may create databases; without it the tracker has SQLite");

    public CostsCommand()
        : base("costs", "How long a tracker takes for its largest requests, one at a time, beside what they count for against the limits of rates.")
    {
        foreach (var option in new Option[] { _requests, _warm, _holders, _postgres })
        {
            Options.Add(option);
        }
    }

    protected override async Task<Measured> MeasureAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        using var work = new WorkFolder();
        await using var postgres = arguments.GetValue(_postgres) is { } connection ? new PostgresDatabases(connection) : null;
        var costs = new Costs(arguments.GetValue(_requests), arguments.GetValue(_warm), arguments.GetValue(_holders));
        return new Measured(await costs.RunAsync(work.Make("costs"), postgres, cancellationToken), Succeeded: true);
    }
}
