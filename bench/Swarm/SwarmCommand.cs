using System.CommandLine;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Swarm;

/// <summary>One seed and many receivers with limited links.</summary>
internal sealed class SwarmCommand : BenchCommand
{
    private static readonly string[] Tools = ["ip", "tc", "nft"];

    private readonly Option<int[]> _receivers = BenchOptions.Counts("--receivers", [4, 8, 16], "numbers of receivers");
    private readonly Option<ByteSize> _size = BenchOptions.Size("--size", 64L << 20, "size of the file");
    private readonly Option<double> _rate = BenchOptions.Rate("--rate", 20, "Mbit/s of every link, each way");
    private readonly Option<int> _rounds = BenchOptions.Rounds(5);
    private readonly Option<string[]> _only = BenchOptions.Only();
    private readonly Option<string[]> _cases = BenchOptions.Cases(Enum.GetNames<Case>());

    public SwarmCommand()
        : base("swarm", "One seed and many receivers in network namespaces, against the fluid limit, beside libtorrent and nginx with curl; needs root.")
    {
        foreach (var option in new Option[] { _receivers, _size, _rate, _rounds, _only, _cases })
        {
            Options.Add(option);
        }
    }

    protected override async Task<Measured> MeasureAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess || Array.Exists(Tools, tool => InstalledProgram.Find(tool) is null))
        {
            return Measured.Nothing("the lab needs Linux, root, and the programs ip, tc (iproute2) and nft (nftables).");
        }

        var plan = new Plan(
            arguments.GetRequiredValue(_receivers),
            arguments.GetValue(_size).Bytes,
            arguments.GetValue(_rate),
            arguments.GetValue(_rounds),
            BenchOptions.Select(Comparison.AllSubjects, arguments.GetRequiredValue(_only)),
            [.. arguments.GetRequiredValue(_cases).Select(Enum.Parse<Case>)]);
        var comparison = new Comparison(plan);
        try
        {
            await comparison.RunAsync(cancellationToken);
        }
        finally
        {
            // Of hours, what there is when it is interrupted.
            Console.WriteLine(comparison.Table());
        }

        return new Measured(comparison.Rows, comparison.Succeeded);
    }
}
