using P2PShare.Bench.Measuring;
using P2PShare.Bench.Transfer;
using P2PShare.Bench.Transfer.Subjects;

if (args is ["role", var tracker, var fingerprint, var user, var state])
{
    return await PeerRole.RunAsync(tracker, fingerprint, user, state);
}

using var signals = new EndSignals();
try
{
    var options = Options.Parse(args);
    using var work = new WorkFolder();
    var rows = new List<Row>();
    var succeeded = true;
    if (options.Runs(Content.LargeCase))
    {
        var content = Content.CreateLarge(work.Make("large/files"), options.Size, signals.Token);
        const string Reference = "nginx https + curl + sha256";
        await RunAsync(
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
            $"{ByteSize.Format(options.Size)} of random bytes in one file");
        Directory.Delete(content.Folder, recursive: true);
    }

    if (options.Runs(Content.SmallCase))
    {
        const string Reference = "rsync daemon -W, plaintext";
        await RunAsync(
            Content.CreateSmall(work.Make("small/files"), options.Files, signals.Token),
            [
                new P2PShareSubject("p2pshare", 1),
                new ParallelCurlSubject("nginx https + curl -Z8, not verified"),
                new ScpSubject("scp -r aes128-gcm, not verified"),
                new RsyncSubject(Reference),
                new LibtorrentSubject("libtorrent v2, plaintext"),
            ],
            Reference,
            $"{options.Files} files of {ByteSize.Format(Content.SmallLength)}");
    }

    if (options.Json is not null)
    {
        RowFile.Write(options.Json, rows);
    }

    return succeeded ? 0 : 1;

    async Task RunAsync(Content content, Subject[] subjects, string reference, string title)
    {
        await using var contest = new Contest(content, [.. subjects.Where(subject => options.Wants(subject.Name))], reference, options.Rounds);
        await contest.RunAsync(work, signals.Token);
        Console.WriteLine(
            $"\n{content.Case}: {title} over loopback, file to file; medians of {options.Rounds} rounds; {Environment.ProcessorCount} processors\n\n{contest.Table()}");
        rows.AddRange(contest.Rows());
        succeeded &= contest.Succeeded;
    }
}
catch (BenchException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}
catch (OperationCanceledException) when (signals.Token.IsCancellationRequested)
{
    Console.Error.WriteLine("Ended before its time.");
    return 130;
}
