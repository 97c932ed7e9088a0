using System.CommandLine;
using System.Globalization;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Copy;

/// <summary>A file for machines that have nothing installed, over sessions of PowerShell.</summary>
internal sealed class CopyCommand : BenchCommand
{
    private static readonly string[] Tools = ["sshd", "ssh", "ssh-keygen"];
    private static readonly string[] NetworkTools = ["ip", "tc"];

    private readonly Option<int[]> _targets = BenchOptions.Counts("--targets", [1, 4], "numbers of targets");
    private readonly Option<ByteSize> _size = BenchOptions.Size("--size", 512L << 20, "size of the file");
    private readonly Option<double[]> _rates = BenchOptions.NumbersFromZero("--rate", [0], "Mbit/s of every link, each way, in network namespaces; 0: loopback, without a limit");
    private readonly Option<int> _rounds = BenchOptions.Rounds(3);
    private readonly Option<string[]> _only = BenchOptions.Only();

    public CopyCommand()
        : base("copy", "Copy-P2PItem to machines that have nothing installed, beside Copy-Item, scp and rsync; needs sshd, and root where links are limited.")
    {
        foreach (var option in new Option[] { _targets, _size, _rates, _rounds, _only })
        {
            Options.Add(option);
        }
    }

    protected override async Task<Measured> MeasureAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var rates = arguments.GetRequiredValue(_rates);
        if (!OperatingSystem.IsLinux() || Array.Exists(Tools, tool => InstalledProgram.Find(tool) is null))
        {
            return Measured.Nothing("it needs Linux and the programs sshd, ssh and ssh-keygen (openssh-server, openssh-client).");
        }

        if (Array.Exists(rates, rate => rate > 0) && (!Environment.IsPrivilegedProcess || Array.Exists(NetworkTools, tool => InstalledProgram.Find(tool) is null)))
        {
            return Measured.Nothing("limited links need root and the programs ip and tc (iproute2).");
        }

        if (await PowerShellProgram.FindAsync(cancellationToken) is not { } powerShell)
        {
            return Measured.Nothing(PowerShellProgram.Missing);
        }

        var size = arguments.GetValue(_size);
        var comparison = new Comparison(
            new Plan(
                arguments.GetRequiredValue(_targets), size.Bytes, rates, arguments.GetValue(_rounds),
                BenchOptions.Select([.. Method.All.Select(method => method.Name)], arguments.GetRequiredValue(_only))),
            powerShell);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"copy: {size} over SSH, sessions open; {ProcessorModel.Read()} for all machines\n"));
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
