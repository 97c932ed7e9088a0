using P2PShare.Bench.Hashing;
using P2PShare.Bench.Measuring;

if (args is ["role", var path])
{
    return await HashRole.RunAsync(path);
}

using var signals = new EndSignals();
try
{
    var options = Options.Parse(args);
    using var work = new WorkFolder();
    // What was just written is in the page cache.
    var file = work.At("file");
    RandomFile.Write(file, options.Size, signals.Token);
    var contest = new Contest();
    await contest.RunAsync(file, options.Rounds, signals.Token);
    Console.WriteLine(
        $"\nhashing: a file of {ByteSize.Format(options.Size)} in the page cache, as when it is shared; medians of {options.Rounds} rounds; "
        + $"{Environment.ProcessorCount} processors\n\n{contest.Table()}");
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
