using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Progress;

/// <summary>What showing progress costs a download, in the terminal that this runs in.</summary>
internal sealed class ProgressCommand : BenchCommand
{
    private const string TimeUnit = "s";
    private const string ProcessorUnit = "s of processor time";

    private static readonly string[] Subjects = [NameOf(isShown: false), NameOf(isShown: true)];

    private readonly Option<ByteSize> _size = BenchOptions.Size("--size", 512L << 20, "size of the file");
    private readonly Option<ByteSize?> _speed = BenchOptions.OptionalSize("--speed", "most bytes a second; without it as fast as possible");
    private readonly Option<int> _rounds = BenchOptions.Rounds(7);

    public ProgressCommand()
        : base("progress", "Receiving with progress shown and hidden, in turns, in this terminal; needs PowerShell 7.")
    {
        Options.Add(_size);
        Options.Add(_speed);
        Options.Add(_rounds);
    }

    protected override async Task<Measured> MeasureAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        if (await PowerShellProgram.FindAsync(cancellationToken) is not { } powerShell)
        {
            return Measured.Nothing(PowerShellProgram.Missing);
        }

        if (Console.IsOutputRedirected)
        {
            await Console.Error.WriteLineAsync("Standard output is not a terminal, so PowerShell draws nothing: what is measured is not what a person would see.");
        }

        var (size, rounds) = (arguments.GetValue(_size), arguments.GetValue(_rounds));
        using var work = new WorkFolder();
        var samples = work.At("samples.json");
        await powerShell.RunInTerminalAsync(
            Path.Combine(AppContext.BaseDirectory, "Progress", "Progress.ps1"),
            [
                "-Module", Repository.Module, "-Folder", work.Path, "-Size", Text(size.Bytes), "-Rounds", Text(rounds), "-Speed", Text(arguments.GetValue(_speed)?.Bytes ?? 0),
                "-Output", samples,
            ],
            cancellationToken);
        var @case = $"receive {size}";
        var figures = Read(samples, @case);
        Console.WriteLine($"\nprogress: {@case}; medians of {rounds} rounds; {Environment.ProcessorCount} processors\n\n{Table(figures, @case)}\n{Cost(figures, @case)}");
        return new Measured([.. Subjects.SelectMany(subject => figures.Rows(@case, subject))], Succeeded: true);
    }

    private static string NameOf(bool isShown) => $"p2pshare, progress {(isShown ? "shown" : "hidden")}";

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static Figures Read(string path, string @case)
    {
        var figures = new Figures();
        foreach (var sample in JsonSerializer.Deserialize<Sample[]>(File.ReadAllText(path)) ?? [])
        {
            var subject = NameOf(sample.IsShown);
            var usage = new Usage(sample.User, sample.System, sample.Compiling);
            figures.Add(@case, subject, TimeUnit, sample.Seconds);
            figures.Add(@case, subject, ProcessorUnit, usage.Processor);
            figures.Add(@case, subject, usage);
        }

        return figures;
    }

    private static Table Table(Figures figures, string @case)
    {
        var table = new Table("case", "subject", "unit", "median", "min", "max");
        string[] units = [TimeUnit, ProcessorUnit, .. Figures.UsageColumns];
        foreach (var row in units.SelectMany(unit => Subjects.Select(subject => figures.Find(@case, subject, unit))).OfType<Row>())
        {
            table.Add(row.Case, row.Subject, row.Unit, Number(row.Median), Number(row.Min), Number(row.Max));
        }

        return table;

        static string Number(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
    }

    private static string Cost(Figures figures, string @case)
    {
        var time = Median(isShown: false, TimeUnit);
        return string.Join('\n', new[] { TimeUnit, ProcessorUnit }.Select(unit => string.Create(
            CultureInfo.InvariantCulture,
            $"cost in {unit}: {100 * (Median(isShown: true, unit) - Median(isShown: false, unit)) / time:0.0} % of the download's time")));

        double Median(bool isShown, string unit) => figures.Find(@case, NameOf(isShown), unit)?.Median ?? double.NaN;
    }

    /// <summary>What the script writes of a download.</summary>
    private sealed record Sample(bool IsShown, double Seconds, double User, double System, double Compiling);
}
