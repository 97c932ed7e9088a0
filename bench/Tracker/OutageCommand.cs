using System.CommandLine;
using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Tracker;

/// <summary>What ordinary acts and events with much behind them do to everybody else's writes.</summary>
internal sealed class OutageCommand : BenchCommand
{
    private readonly Option<int> _peers = BenchOptions.Count("--peers", 1_000_000, "peers that fall silent together, each with two holdings");
    private readonly Option<int> _members = BenchOptions.Count("--members", 10_000, "members of the group that is deleted");
    private readonly Option<int> _files = BenchOptions.Count("--files", 50_000, "files shared by the member who leaves");
    private readonly Option<int> _own = BenchOptions.Count("--own-peers", 4_000, "peers of the session that logs out");
    private readonly Option<string?> _postgres = BenchOptions.Text("--postgres", "CONNECTION", "connection string of a PostgreSQL role that may create databases; without it the tracker has SQLite");
    private readonly Option<string[]> _cases = BenchOptions.Cases(Enum.GetNames<OutageCase>());

    public OutageCommand()
        : base("outage", "The writes and announces of others while a large group is deleted, a member with many files leaves, many peers log out or fall silent.")
    {
        foreach (var option in new Option[] { _peers, _members, _files, _own, _postgres, _cases })
        {
            Options.Add(option);
        }
    }

    protected override async Task<Measured> MeasureAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var rows = new List<Row>();
        using var work = new WorkFolder();
        await using var postgres = arguments.GetValue(_postgres) is { } connection ? new PostgresDatabases(connection) : null;
        foreach (var @case in arguments.GetRequiredValue(_cases).Select(Enum.Parse<OutageCase>))
        {
            var count = arguments.GetValue(@case switch
            {
                OutageCase.GroupRemoval => _members,
                OutageCase.Leave => _files,
                OutageCase.Logout => _own,
                _ => _peers,
            });
            var outage = new Outage(@case, count);
            rows.AddRange(await outage.RunAsync(work.Make($"{@case}"), postgres, cancellationToken));
        }

        return new Measured(rows, Succeeded: true);
    }
}
