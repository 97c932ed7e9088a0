using System.CommandLine;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Transfer.Subjects;

namespace P2PShare.Bench.Transfer;

/// <summary>A large file and many small ones from one process to another, over loopback.</summary>
internal sealed class TransferCommand : BenchCommand
{
    private static readonly string[] AllCases = [Content.LargeCase, Content.SmallCase];

    private readonly Option<string[]> _cases = BenchOptions.Cases(AllCases);
    private readonly Option<ByteSize> _size = BenchOptions.Size("--size", 2 * ByteSize.Gibibyte, "size of the large file");
    private readonly Option<int> _files = BenchOptions.Count("--files", 10_000, "number of the small files");
    private readonly Option<int> _rounds = BenchOptions.Rounds(5);
    private readonly Option<string[]> _only = BenchOptions.Only();

    public TransferCommand()
        : base("transfer", "A large file and many small ones over loopback, beside nginx with curl, aria2, scp, rsync and libtorrent.")
    {
        Options.Add(_cases);
        Options.Add(_size);
        Options.Add(_files);
        Options.Add(_rounds);
        Options.Add(_only);
    }

    protected override async Task<Measured> MeasureAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var cases = arguments.GetRequiredValue(_cases);
        using var work = new WorkFolder();
        var rows = new List<Row>();
        var succeeded = true;
        if (cases.Contains(Content.LargeCase))
        {
            var size = arguments.GetValue(_size);
            var content = Content.CreateLarge(work.Make("large/files"), size.Bytes, cancellationToken);
            const string Reference = "nginx https + curl + sha256";
            await CompareAsync(
                content,
                [
                    new P2PShareSubject("p2pshare (1 source)", 1),
                    new P2PShareSubject("p2pshare (4 sources)", 4),
                    new CurlSubject("nginx https + curl, not verified", verifies: false),
                    new CurlSubject(Reference, verifies: true),
                    new Aria2Subject("aria2c https -x4 with checksum"),
                    new ScpSubject("scp aes128-gcm, not verified"),
                    new RsyncSubject("rsync daemon -W, plaintext"),
                    new LibtorrentSubject("libtorrent v2, plaintext"),
                ],
                Reference,
                $"{size} of random bytes in one file");
            Directory.Delete(content.Folder, recursive: true);
        }

        if (cases.Contains(Content.SmallCase))
        {
            var files = arguments.GetValue(_files);
            const string Reference = "rsync daemon -W, plaintext";
            await CompareAsync(
                Content.CreateSmall(work.Make("small/files"), files, cancellationToken),
                [
                    new P2PShareSubject("p2pshare", 1),
                    new ParallelCurlSubject("nginx https + curl -Z8, not verified"),
                    new ScpSubject("scp -r aes128-gcm, not verified"),
                    new RsyncSubject(Reference),
                    new LibtorrentSubject("libtorrent v2, plaintext"),
                ],
                Reference,
                $"{files} files of {new ByteSize(Content.SmallLength)}");
        }

        return new Measured(rows, succeeded);

        async Task CompareAsync(Content content, Subject[] all, string reference, string title)
        {
            var wanted = BenchOptions.Select([.. all.Select(subject => subject.Name)], arguments.GetRequiredValue(_only));
            var rounds = arguments.GetValue(_rounds);
            await using var comparison = new Comparison(content, [.. all.Where(subject => wanted.Contains(subject.Name))], reference, rounds);
            await comparison.RunAsync(work, cancellationToken);
            Console.WriteLine(
                $"\n{content.Case}: {title} over loopback, file to file; medians of {rounds} rounds; {Environment.ProcessorCount} processors\n\n{comparison.Table()}");
            rows.AddRange(comparison.Rows());
            succeeded &= comparison.Succeeded;
        }
    }
}
