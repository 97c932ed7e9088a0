using System.Diagnostics;
using System.Security.Cryptography;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;
using P2PShare.Protocol.Content;

namespace P2PShare.Bench.Swarm;

/// <summary>One run of one subject in one case.</summary>
/// <param name="Seconds">From the common start until the last survivor was complete; null: one was not.</param>
/// <param name="Complete">Receivers that have the right bytes.</param>
/// <param name="Survivors">Receivers that were not killed.</param>
/// <param name="SharePresent">How much of the content all survivors together have, 0 to 1.</param>
/// <param name="Usage">Of all machines.</param>
internal sealed record Round(double? Seconds, int Complete, int Survivors, double SharePresent, Usage Usage)
{
    private const double CopiesBeforeSeedLeaves = 1.1;

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Stuck = TimeSpan.FromSeconds(40);

    /// <param name="linkRate">Payload bytes a second.</param>
    /// <param name="fluidLimit">Seconds.</param>
    public static async Task<Round> RunAsync(
        Subject subject, Case @case, Trial trial, double linkRate, double wireRate, double fluidLimit, CancellationToken cancellationToken)
    {
        var receivers = trial.Hosts.Count - 1;
        var unreachable = @case == Case.HalfUnreachable ? trial.Hosts.Skip(1).Where((_, i) => i % 2 == 1).ToArray() : [];
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            foreach (var host in unreachable)
            {
                await host.RefuseConnectionsAsync();
            }

            await subject.PrepareAsync(cancellationToken);
            // The first time compiles what it needs.
            await ReadUsageAsync(canAsk: true);
            var before = await ReadUsageAsync(canAsk: true);
            var sentBefore = trial.Hosts[0].ReadSent();
            var watch = Stopwatch.StartNew();
            var finished = new double?[receivers];
            var killed = new HashSet<int>();
            var running = Enumerable.Range(0, receivers).Select(ReceiveAsync).ToArray();
            var all = Task.WhenAll(running);
            var progress = (Bytes: 0L, At: 0.0);
            var hasStruck = @case is Case.All or Case.HalfUnreachable;
            while (!all.IsCompleted)
            {
                await Task.WhenAny(all, Task.Delay(LookInterval, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
                if (!hasStruck && @case == Case.QuarterKilled && watch.Elapsed.TotalSeconds > fluidLimit / 2)
                {
                    hasStruck = true;
                    foreach (var victim in Enumerable.Range(0, receivers).Where(i => i % 4 == 3))
                    {
                        killed.Add(victim);
                        subject.Processes[victim + 1].Kill();
                    }
                }

                if (!hasStruck && @case == Case.SeedLeaves
                    && trial.Hosts[0].ReadSent() - sentBefore >= CopiesBeforeSeedLeaves * new FileInfo(trial.ContentPath).Length * wireRate / linkRate)
                {
                    hasStruck = true;
                    subject.Processes[0].Kill();
                }

                if (hasStruck)
                {
                    var bytes = trial.Hosts.Skip(1).Sum(host => host.ReadReceived());
                    if (bytes - progress.Bytes > 256 * 1024)
                    {
                        progress = (bytes, watch.Elapsed.TotalSeconds);
                    }
                    else if (watch.Elapsed.TotalSeconds - progress.At > Stuck.TotalSeconds)
                    {
                        break;
                    }

                    await Task.WhenAny(all, Task.Delay(LookInterval * 10, cancellationToken));
                }
            }

            var usage = await ReadUsageAsync(canAsk: all.IsCompleted) - before;
            await ending.CancelAsync();
            int[] survivors = [.. Enumerable.Range(0, receivers).Where(i => !killed.Contains(i))];
            var (complete, present) = await CompareAsync(subject, survivors, trial.ContentPath, cancellationToken);
            var seconds = complete == survivors.Length && survivors.All(i => finished[i] is not null) ? survivors.Max(i => finished[i]) : null;
            return new Round(seconds, complete, survivors.Length, present, usage);

            async Task ReceiveAsync(int receiver)
            {
                try
                {
                    await subject.ReceiveAsync(receiver, ending.Token);
                    finished[receiver] = watch.Elapsed.TotalSeconds;
                }
                catch (Exception e) when (e is BenchException or IOException or OperationCanceledException or InvalidOperationException)
                {
                    // Killed, or could not; the comparison of the files shows it.
                }
            }

            // What a process used that was killed, or is a receiver that ended, is among what this process has started.
            // A peer that still receives does not answer.
            async Task<Usage> ReadUsageAsync(bool canAsk) =>
                new ProcessTree(subject.ProcessIds).ReadUsage() + ProcessTree.ReadEndedUsage()
                + new Usage(0, 0, canAsk ? await subject.ReadCompilingAsync(cancellationToken) : null);
        }
        finally
        {
            foreach (var host in unreachable)
            {
                await host.AcceptConnectionsAsync();
            }
        }
    }

    private static async Task<(int Complete, double SharePresent)> CompareAsync(
        Subject subject, int[] survivors, string contentPath, CancellationToken cancellationToken)
    {
        var right = await HashAsync(contentPath, cancellationToken);
        var complete = 0;
        foreach (var path in survivors.Select(subject.PathOf))
        {
            if (path is not null && new FileInfo(path).Length == new FileInfo(contentPath).Length
                && (await HashAsync(path, cancellationToken)).AsSpan().SequenceEqual(right))
            {
                complete++;
            }
        }

        return (complete, complete == survivors.Length ? 1 : Present(subject, survivors, contentPath));
    }

    private static async Task<byte[]> HashAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        return await SHA256.HashDataAsync(file, cancellationToken);
    }

    private static double Present(Subject subject, int[] survivors, string contentPath)
    {
        var content = File.ReadAllBytes(contentPath);
        var present = new bool[(content.Length + PieceLength.Block - 1) / PieceLength.Block];
        foreach (var path in survivors.Select(subject.PathOf).OfType<string>())
        {
            var has = File.ReadAllBytes(path).AsSpan();
            for (var i = 0; i < present.Length; i++)
            {
                var block = content.AsSpan(i * PieceLength.Block, Math.Min(PieceLength.Block, content.Length - i * PieceLength.Block));
                present[i] |= has.Length >= i * PieceLength.Block + block.Length && has.Slice(i * PieceLength.Block, block.Length).SequenceEqual(block);
            }
        }

        return present.Average(block => block ? 1.0 : 0);
    }
}
