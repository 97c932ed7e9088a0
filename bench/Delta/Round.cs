using System.Diagnostics;
using System.Globalization;
using P2PShare.Bench.Delta.Subjects;
using P2PShare.Bench.Delta.Updates;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Delta;

/// <summary>One run of one subject in one case.</summary>
/// <param name="Seconds">From the common start until the last receiver has the new version.</param>
/// <param name="LineBytes">Payload of TCP on the links of all receivers, both ways.</param>
/// <param name="SeedBytes">Payload of TCP that the seed sent.</param>
/// <param name="DiskBytes">What the new version takes on the disk of one receiver.</param>
/// <param name="Usage">Of all machines.</param>
internal sealed record Round(double Seconds, long LineBytes, long SeedBytes, long DiskBytes, Usage Usage)
{
    // Of a large disk image the warm pages would take all memory.
    private const long MostBallast = 1L << 30;

    /// <param name="work">Gets a folder for each receiver.</param>
    /// <exception cref="BenchException">A receiver failed, or what it has is not the new version.</exception>
    public static async Task<Round> RunAsync(Subject subject, Update update, Lab lab, WorkFolder work, CancellationToken cancellationToken)
    {
        var received = work.Make("received");
        try
        {
            string[] folders = [.. lab.Receivers.Select((_, i) => Path.Combine(received, string.Create(CultureInfo.InvariantCulture, $"{i}")))];
            foreach (var folder in folders)
            {
                await GiveOldAsync(subject.HasOld ? update.OldFolder : null, folder, cancellationToken);
            }

            // What was just written is not to be written to the disk while the time counts.
            await Child.RunAsync(InstalledProgram.Get("sync"), ["--file-system", received], cancellationToken);
            Round round;
            try
            {
                await subject.PrepareAsync(cancellationToken);
                using var ballast = Ballast.Take(work.Path, Math.Min(update.Size * folders.Length, MostBallast));
                round = await MeasureAsync(subject, lab, folders, cancellationToken);
            }
            finally
            {
                await subject.EndRoundAsync();
            }

            Array.ForEach(folders, update.Verify);
            return round with { DiskBytes = await ReadDiskAsync(folders[0], update, cancellationToken) };
        }
        finally
        {
            Directory.Delete(received, recursive: true);
        }
    }

    private static async Task GiveOldAsync(string? old, string folder, CancellationToken cancellationToken)
    {
        if (old is not null)
        {
            await Child.RunAsync(InstalledProgram.Get("cp"), ["--archive", "--sparse=always", "--reflink=never", old, folder], cancellationToken);
        }
        else
        {
            Directory.CreateDirectory(folder);
        }
    }

    private static async Task<Round> MeasureAsync(Subject subject, Lab lab, string[] folders, CancellationToken cancellationToken)
    {
        // The first time compiles what it needs.
        await ReadUsageAsync();
        var usage = await ReadUsageAsync();
        var line = lab.ReadReceivers();
        var seed = lab.ReadSeedSent();
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(folders.Select((folder, i) => subject.ReceiveAsync(i, folder, cancellationToken)));
        watch.Stop();
        return new Round(watch.Elapsed.TotalSeconds, lab.ReadReceivers() - line, lab.ReadSeedSent() - seed, 0, await ReadUsageAsync() - usage);

        // A receiver that has ended is no longer among the processes, but among what this process has started.
        async Task<Usage> ReadUsageAsync() =>
            subject.Processes.ReadUsage() + ProcessTree.ReadEndedUsage() + new Usage(0, 0, await subject.ReadCompilingAsync(cancellationToken));
    }

    // In blocks of the file system: holes take none.
    private static async Task<long> ReadDiskAsync(string folder, Update update, CancellationToken cancellationToken)
    {
        var path = update.IsFolder ? folder : Path.Combine(folder, update.Name);
        var output = await Child.RunAsync(InstalledProgram.Get("du"), ["--block-size=1", "--summarize", path], cancellationToken);
        return long.Parse(output.Split('\t')[0], CultureInfo.InvariantCulture);
    }
}
