using System.CommandLine;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Import;

/// <summary>What importing the module costs.</summary>
internal sealed class ImportCommand : BenchCommand
{
    private readonly Option<int> _rounds = BenchOptions.Rounds(15);

    public ImportCommand()
        : base("import", "Importing the module, and its first command, beside an empty binary module; needs PowerShell 7.") =>
        Options.Add(_rounds);

    protected override async Task<Measured> MeasureAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        if (await PowerShellProgram.FindAsync(cancellationToken) is not { } powerShell)
        {
            return Measured.Nothing(PowerShellProgram.Missing);
        }

        var rounds = arguments.GetValue(_rounds);
        var comparison = new Comparison(powerShell);
        await comparison.RunAsync(rounds, cancellationToken);
        Console.WriteLine(
            $"\nimport: each in a PowerShell that has just started, files in the page cache; medians of {rounds} rounds; "
            + $"{Environment.ProcessorCount} processors\n\n{comparison.Table()}");
        return new Measured([.. comparison.Rows()], comparison.Succeeded);
    }
}
