using System.CommandLine;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Start;

/// <summary>How long a person waits for the first use of each program.</summary>
internal sealed class StartCommand : BenchCommand
{
    private readonly Option<int> _rounds = BenchOptions.Rounds(5);

    public StartCommand()
        : base("start", "First use: the program's first command, a tracker until it listens, the demo, and Connect-P2PTracker in a new PowerShell beside an empty cmdlet; needs PowerShell 7.") =>
        Options.Add(_rounds);

    protected override async Task<Measured> MeasureAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        if (await PowerShellProgram.FindAsync(cancellationToken) is not { } powerShell)
        {
            return Measured.Nothing(PowerShellProgram.Missing);
        }

        var rounds = arguments.GetValue(_rounds);
        using var work = new WorkFolder();
        await using var comparison = new Comparison(powerShell, work);
        await comparison.RunAsync(rounds, cancellationToken);
        Console.WriteLine(
            $"\nstart: each a process that has just started, programs in the page cache; medians of {rounds} rounds; {Environment.ProcessorCount} processors\n\n{comparison.Table()}");
        return new Measured([.. comparison.Rows()], comparison.Succeeded);
    }
}
