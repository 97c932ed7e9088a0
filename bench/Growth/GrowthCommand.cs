using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Growth;

/// <summary>What many small files cost one shell, and whether a file costs more the more there are.</summary>
internal sealed class GrowthCommand : BenchCommand
{
    private const string Subject = "p2pshare in pwsh";

    private readonly Option<int[]> _counts = BenchOptions.Counts("--files", [1_000, 10_000, 50_000], "numbers of files, each in a shell of its own");
    private readonly Option<ByteSize> _size = BenchOptions.Size("--size", 1024, "size of each file");

    public GrowthCommand()
        : base("growth", "Sharing, listing, mirroring and withdrawing many small files in one PowerShell; needs PowerShell 7.")
    {
        Options.Add(_counts);
        Options.Add(_size);
    }

    protected override async Task<Measured> MeasureAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        if (await PowerShellProgram.FindAsync(cancellationToken) is not { } powerShell)
        {
            return Measured.Nothing(PowerShellProgram.Missing);
        }

        var size = arguments.GetValue(_size);
        var rows = new List<Row>();
        var table = new Table(
            "files", "shared/s", "bytes held for each", "mirrored/s", "bytes held for each", "first listed, s", "all listed, s", "mirrored again, s", "peer server started, s",
            "1000 withdrawn, s", "MiB at the end");
        foreach (var count in arguments.GetRequiredValue(_counts))
        {
            using var work = new WorkFolder();
            var output = work.At("measured.json");
            await powerShell.RunInTerminalAsync(
                Path.Combine(AppContext.BaseDirectory, "Growth", "Growth.ps1"),
                ["-Module", Repository.Module, "-Folder", work.Path, "-Count", Text(count), "-Size", Text(size.Bytes), "-Output", output],
                cancellationToken);
            var measured = JsonSerializer.Deserialize<Measurement>(await File.ReadAllTextAsync(output, cancellationToken), JsonSerializerOptions.Web)
                ?? throw new BenchException("The script measured nothing.");
            var @case = $"{count} files of {size}";
            (string Unit, string Format, double Value)[] values =
            [
                ("shared/s", "0", count / measured.Share), ("bytes held for each share", "0", measured.HeldByShare / count),
                ("mirrored/s", "0", count / measured.Mirror), ("bytes held for each received", "0", measured.HeldByMirror / count),
                ("s to the first listed", "0.00", measured.First), ("s to list all", "0.00", measured.List), ("s to mirror again", "0.00", measured.Again),
                ("s to start the peer server", "0.00", measured.Start), ("s to withdraw 1000", "0.00", measured.Withdraw), ("MiB", "0", measured.WorkingSet / 1024.0 / 1024.0),
            ];
            rows.AddRange(values.Select(value => Row.Of(@case, Subject, value.Unit, [value.Value])));
            table.Add([Text(count), .. values.Select(value => value.Value.ToString(value.Format, CultureInfo.InvariantCulture))]);
        }

        Console.WriteLine($"\ngrowth: files of {size} in one PowerShell that shares them and mirrors them in a second session; {Environment.ProcessorCount} processors, tracker included\n\n{table}");
        return new Measured(rows, Succeeded: true);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>What the script writes: seconds, and bytes.</summary>
    private sealed record Measurement(
        double Share, double HeldByShare, double First, double List, double Mirror, double HeldByMirror, double Again, double Start, double Withdraw, double WorkingSet);
}
