using System.CommandLine;
using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Hashing;

/// <summary>Sharing a large file, as far as it is hashing.</summary>
internal sealed class HashingCommand : BenchCommand
{
    private readonly Option<ByteSize> _size = BenchOptions.Size("--size", 4 * ByteSize.Gibibyte, "size of the file; it has to fit into the page cache");
    private readonly Option<int> _rounds = BenchOptions.Rounds(5);

    public HashingCommand()
        : base("hashing", "Sharing a large file with vector instructions and without, against openssl speed on as many cores.")
    {
        Options.Add(_size);
        Options.Add(_rounds);
    }

    protected override async Task<Measured> MeasureAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var (size, rounds) = (arguments.GetValue(_size), arguments.GetValue(_rounds));
        using var work = new WorkFolder();
        // What was just written is in the page cache.
        var file = work.At("file");
        RandomFile.Write(file, size.Bytes, cancellationToken);
        var comparison = new Comparison(file, size.Bytes);
        await comparison.RunAsync(rounds, cancellationToken);
        Console.WriteLine(
            $"\nhashing: a file of {size} in the page cache, as when it is shared; medians of {rounds} rounds; "
            + $"{Environment.ProcessorCount} processors\n\n{comparison.Table()}");
        return new Measured([.. comparison.Rows()], comparison.Succeeded);
    }
}
