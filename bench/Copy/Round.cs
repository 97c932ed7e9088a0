using System.Security.Cryptography;
using P2PShare.Bench.Copy.Subjects;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Copy;

/// <summary>One copy of a file to all targets.</summary>
/// <param name="Seconds">Until the last target had it.</param>
/// <param name="SentBytes">Payload of TCP that the sender sent; null: it has no link of its own.</param>
/// <param name="Usage">Of all machines.</param>
internal sealed record Round(double Seconds, long? SentBytes, Usage Usage)
{
    /// <param name="path">The file.</param>
    /// <param name="hash">Its SHA-256.</param>
    /// <exception cref="BenchException">A target has something else.</exception>
    public static async Task<Round> RunAsync(Subject subject, Lab lab, string path, byte[] hash, CancellationToken cancellationToken)
    {
        foreach (var target in lab.Targets)
        {
            Directory.CreateDirectory(target.Folder);
        }

        try
        {
            await subject.PrepareAsync(path, cancellationToken);
            var all = new ProcessTree(lab.Targets.Select(target => target.Server.Id));
            var usage = ReadUsage(all, subject);
            var sent = lab.SenderHost?.ReadTraffic().Sent;
            var seconds = await subject.CopyAsync(path, cancellationToken);
            var bytes = lab.SenderHost?.ReadTraffic().Sent - sent;
            var round = new Round(seconds, bytes?.Payload, ReadUsage(all, subject) - usage);
            await VerifyAsync(lab, Path.GetFileName(path), hash, cancellationToken);
            return round;
        }
        finally
        {
            await subject.DisposeAsync();
            foreach (var target in lab.Targets)
            {
                Directory.Delete(target.Folder, recursive: true);
            }
        }
    }

    // What a program of SSH used is known when it has ended, what a shell used while it runs.
    private static Usage ReadUsage(ProcessTree targets, Subject subject) => targets.ReadUsage() + subject.Processes.ReadUsage() + ProcessTree.ReadEndedUsage();

    private static Task VerifyAsync(Lab lab, string name, byte[] hash, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(lab.Targets, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken }, async (target, stop) =>
        {
            await using var file = File.OpenRead(Path.Combine(target.Folder, name));
            var received = await SHA256.HashDataAsync(file, stop);
            if (!hash.AsSpan().SequenceEqual(received))
            {
                throw new BenchException($"'{file.Name}' is not what was copied.");
            }
        });
}
