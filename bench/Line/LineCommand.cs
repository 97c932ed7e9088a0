using System.CommandLine;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Line;

/// <summary>One source and one receiver at the ends of a long line that loses packets.</summary>
internal sealed class LineCommand : BenchCommand
{
    private static readonly string[] Tools = ["ip", "nft"];

    private readonly Option<double> _rate = BenchOptions.NumberFromZero("--rate", 1000, "Mbit/s of IP packets on the line, each way; never more than the machine carries, which is 0");
    private readonly Option<int[]> _delays = BenchOptions.Counts("--delay", [50, 100], "milliseconds there and back, half of them each way");
    private readonly Option<double> _loss = BenchOptions.NumberFromZero("--loss", 0.5, "per cent of the packets that are lost, each way");
    private readonly Option<string[]> _congestion = BenchOptions.Names("--congestion", "algorithms of congestion control, by default the system's");
    private readonly Option<ByteSize> _size = BenchOptions.Size("--size", 512L << 20, "size of the file");
    private readonly Option<int> _rounds = BenchOptions.Rounds(3);
    private readonly Option<string[]> _only = BenchOptions.Only();

    public LineCommand()
        : base("line", "A file over a line with delay and loss between two network namespaces, beside curl with one and eight connections and libtorrent; needs root.")
    {
        foreach (var option in new Option[] { _rate, _delays, _loss, _congestion, _size, _rounds, _only })
        {
            Options.Add(option);
        }
    }

    protected override async Task<Measured> MeasureAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return Measured.Nothing("the line needs Linux and root.");
        }

        string[] missing = [.. Tools.Where(tool => InstalledProgram.Find(tool) is null), .. File.Exists(TunDevice.ControlPath) ? Array.Empty<string>() : [TunDevice.ControlPath]];
        if (missing.Length > 0)
        {
            return Measured.Nothing($"the line needs the programs ip (iproute2) and nft (nftables), and {TunDevice.ControlPath}; missing: {string.Join(", ", missing)}.");
        }

        var congestion = arguments.GetRequiredValue(_congestion);
        if (Array.Find(congestion, name => !TcpSettings.AllCongestion.Contains(name)) is { } unknown)
        {
            throw new BenchException($"--congestion: this system has no '{unknown}'; it has {string.Join(", ", TcpSettings.AllCongestion)}.");
        }

        var loss = arguments.GetValue(_loss);
        if (loss >= 100)
        {
            throw new BenchException($"--loss: {loss} is not a share below 100 per cent.");
        }

        var comparison = new Comparison(new Plan(
            arguments.GetValue(_size).Bytes,
            arguments.GetValue(_rate),
            arguments.GetRequiredValue(_delays),
            loss,
            congestion.Length > 0 ? congestion : [TcpSettings.Congestion],
            arguments.GetValue(_rounds),
            BenchOptions.Select(Comparison.AllSubjects, arguments.GetRequiredValue(_only))));
        try
        {
            await comparison.RunAsync(cancellationToken);
        }
        finally
        {
            // Of many minutes, what there is when it is interrupted.
            Console.WriteLine(comparison.Table());
        }

        return new Measured(comparison.Rows, comparison.Succeeded);
    }
}
