using System.CommandLine;
using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Tracker;

/// <summary>How many requests a tracker answers.</summary>
internal sealed class TrackerCommand : BenchCommand
{
    private readonly Option<int> _rounds = BenchOptions.Rounds(5);
    private readonly Option<int> _seconds = BenchOptions.Count("--seconds", 3, "how long each subject is driven in each case and round");
    private readonly Option<int> _warm = BenchOptions.Count("--warm", 8, "seconds before that which do not count");
    private readonly Option<int> _concurrency = BenchOptions.Count("--concurrency", 256, "requests in flight");
    private readonly Option<int> _connections = BenchOptions.Count("--connections", 8, "HTTP/2 connections that they share; a server allows a hundred requests on each");
    private readonly Option<int> _online = BenchOptions.Count("--online", 100_000, "peers that are online when the memory is read");
    private readonly Option<int> _streams = BenchOptions.Count("--streams", 10_000, "streams of requests to dial that are open, each over a connection of its own");
    private readonly Option<string?> _postgres = BenchOptions.Text("--postgres", "CONNECTION", "connection string of a PostgreSQL role that may create databases");
    private readonly Option<string[]> _only = BenchOptions.Only();
    private readonly Option<string[]> _cases = BenchOptions.Cases(Enum.GetNames<Case>());

    public TrackerCommand()
        : base("tracker", "The tracker with SQLite, with PostgreSQL and with two instances on it, beside a bare Kestrel and opentracker.")
    {
        foreach (var option in new Option[] { _rounds, _seconds, _warm, _concurrency, _connections, _online, _streams, _postgres, _only, _cases })
        {
            Options.Add(option);
        }
    }

    protected override async Task<Measured> MeasureAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        const string Reference = "bare Kestrel";
        var plan = new Plan(
            arguments.GetValue(_rounds),
            TimeSpan.FromSeconds(arguments.GetValue(_seconds)),
            TimeSpan.FromSeconds(arguments.GetValue(_warm)),
            arguments.GetValue(_concurrency),
            arguments.GetValue(_online),
            arguments.GetValue(_streams),
            [.. arguments.GetRequiredValue(_cases).Select(Enum.Parse<Case>)]);
        var (connections, connection) = (arguments.GetValue(_connections), arguments.GetValue(_postgres));
        using var work = new WorkFolder();
        await using var postgres = connection is null ? null : new PostgresDatabases(connection);
        Subject[] all =
        [
            new HelloSubject(Reference, connections),
            new P2PShareSubject("p2pshare, SQLite", 1, false, null, connections),
            new P2PShareSubject("p2pshare, PostgreSQL", 1, true, postgres, connections),
            new P2PShareSubject("p2pshare, PostgreSQL, 2 instances", 2, true, postgres, connections),
            new OpentrackerSubject("opentracker, UDP"),
        ];
        var wanted = BenchOptions.Select([.. all.Select(subject => subject.Name)], arguments.GetRequiredValue(_only));
        var comparison = new Comparison(plan, [.. all.Where(subject => wanted.Contains(subject.Name))], Reference);
        await comparison.RunAsync(work, cancellationToken);
        Console.WriteLine(
            $"\ntracker: {plan.Concurrency} requests at a time over HTTP/2 and TLS, {P2PShareSubject.Peers} peers online; medians of {plan.Rounds} rounds; "
            + $"{Environment.ProcessorCount} processors, client included\n\n{comparison.Table()}");
        return new Measured([.. comparison.Rows()], comparison.Succeeded);
    }
}
