using System.CommandLine;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Delta;

/// <summary>A new version for receivers that have the old one: how much travels, and how long it takes.</summary>
internal sealed class DeltaCommand : BenchCommand
{
    private static readonly string[] Tools = ["ip", "tc", "cp", "du", "sync"];

    private readonly Option<string[]> _cases = BenchOptions.Cases(Enum.GetNames<Case>());
    private readonly Option<ByteSize> _size = BenchOptions.Size("--size", 64L << 20, "size of the disk image, and of the files of text and random bytes");
    private readonly Option<ByteSize> _sparseSize = BenchOptions.Size("--sparse-size", ByteSize.Gibibyte, "size of the sparse disk, of which a tenth is written");
    private readonly Option<int> _files = BenchOptions.Count("--files", 2000, "files of the build folder");
    private readonly Option<int> _changedFiles = BenchOptions.Count("--changed-files", 40, "files of the build folder that change");
    private readonly Option<int> _receivers = BenchOptions.Count("--receivers", 8, "receivers of the case with many");
    private readonly Option<double[]> _rates = BenchOptions.NumbersFromZero("--rate", [0, 100], "Mbit/s of every link, each way; 0: no limit");
    private readonly Option<int> _seed = BenchOptions.Count("--seed", 1, "number from which the bytes of the versions follow");
    private readonly Option<string?> _before = BenchOptions.Text(
        "--before", "FOLDER", "a checkout of a version that reuses nothing, built in the same way; NoLocalFile is received by it, too");
    private readonly Option<int> _rounds = BenchOptions.Rounds(3);
    private readonly Option<string[]> _only = BenchOptions.Only();

    public DeltaCommand()
        : base("delta", "A new version for receivers in network namespaces that have the old one, beside rsync, zsync and curl of the whole; needs root.")
    {
        foreach (var option in new Option[] { _cases, _size, _sparseSize, _files, _changedFiles, _receivers, _rates, _seed, _before, _rounds, _only })
        {
            Options.Add(option);
        }
    }

    protected override async Task<Measured> MeasureAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess || Array.Exists(Tools, tool => InstalledProgram.Find(tool) is null))
        {
            return Measured.Nothing("the lab needs Linux, root, and the programs ip, tc (iproute2), cp, du and sync (coreutils).");
        }

        if (arguments.GetValue(_changedFiles) > arguments.GetValue(_files))
        {
            throw new BenchException($"--changed-files: {arguments.GetValue(_changedFiles)} is more than the {arguments.GetValue(_files)} files of the folder.");
        }

        var comparison = new Comparison(new Plan(
            [.. arguments.GetRequiredValue(_cases).Select(Enum.Parse<Case>)],
            arguments.GetValue(_size).Bytes,
            arguments.GetValue(_sparseSize).Bytes,
            arguments.GetValue(_files),
            arguments.GetValue(_changedFiles),
            arguments.GetValue(_receivers),
            arguments.GetValue(_seed),
            arguments.GetRequiredValue(_rates),
            arguments.GetValue(_rounds),
            BenchOptions.Select(Comparison.AllSubjects, arguments.GetRequiredValue(_only)),
            arguments.GetValue(_before) is { } before ? OtherBuild.Find(before) : null));
        try
        {
            await comparison.RunAsync(cancellationToken);
        }
        finally
        {
            // Of many minutes, what there is when it is interrupted.
            Console.WriteLine(comparison.Table());
            Console.WriteLine(comparison.Targets());
        }

        return new Measured(comparison.Rows, comparison.Succeeded);
    }
}
