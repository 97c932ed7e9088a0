using System.Globalization;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Tracker;
using P2PShare.Bench.Tracker.Servers;
using P2PShare.Bench.Tracker.Subjects;

if (args is ["hello", var port])
{
    return await HelloRole.RunAsync(int.Parse(port, CultureInfo.InvariantCulture));
}

using var signals = new EndSignals();
try
{
    var options = Options.Parse(args);
    const string Reference = "bare Kestrel";
    using var work = new WorkFolder();
    await using var postgres = options.Postgres is null ? null : new PostgresDatabases(options.Postgres);
    Subject[] all =
    [
        new HelloSubject(Reference, options.Connections),
        new P2PShareSubject("p2pshare, SQLite", 1, false, null, options.Connections),
        new P2PShareSubject("p2pshare, PostgreSQL", 1, true, postgres, options.Connections),
        new P2PShareSubject("p2pshare, PostgreSQL, 2 instances", 2, true, postgres, options.Connections),
        new OpentrackerSubject("opentracker, UDP"),
    ];
    var contest = new Contest(options, [.. all.Where(subject => options.Wants(subject.Name))], Reference);
    await contest.RunAsync(work, signals.Token);
    contest.Compare();
    Console.WriteLine(
        $"\ntracker: {options.Concurrency} requests at a time over HTTP/2 and TLS, {P2PShareSubject.Peers} peers online; medians of {options.Rounds} rounds; "
        + $"{Environment.ProcessorCount} processors, client included\n\n{contest.Table()}");
    if (options.Json is not null)
    {
        RowFile.Write(options.Json, contest.Rows());
    }

    return 0;
}
catch (BenchException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}
catch (OperationCanceledException) when (signals.Token.IsCancellationRequested)
{
    Console.Error.WriteLine("Ended before its time.");
    return 130;
}
