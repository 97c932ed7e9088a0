using P2PShare.Bench.Import;
using P2PShare.Bench.Measuring;

using var signals = new EndSignals();
try
{
    var options = Options.Parse(args);
    if (InstalledProgram.Find(OperatingSystem.IsWindows() ? "pwsh.exe" : "pwsh") is not { } pwsh)
    {
        Console.WriteLine("not run: pwsh is not installed");
        return 0;
    }

    var contest = new Contest();
    await contest.RunAsync(pwsh, options.Rounds, signals.Token);
    Console.WriteLine(
        $"\nimport: each in a PowerShell that has just started, files in the page cache; medians of {options.Rounds} rounds; "
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
