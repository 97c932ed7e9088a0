using System.Diagnostics;
using System.Security.Cryptography;
using P2PShare.Protocol.Content;

namespace P2PShare.Bench.Swarm;

/// <summary>One run of one subject in one case.</summary>
/// <param name="Seconds">From the common start until the last survivor was complete; null where one was not.</param>
/// <param name="Complete">Receivers that have the right bytes.</param>
/// <param name="Survivors">Receivers that were not killed.</param>
/// <param name="SharePresent">How much of the content all survivors together have, 0 to 1.</param>
internal sealed record Round(double? Seconds, int Complete, int Survivors, double SharePresent)
{
    private const double CopiesBeforeSeedLeaves = 1.1;

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Stuck = TimeSpan.FromSeconds(40);

    /// <param name="linkRate">Payload bytes a second.</param>
    /// <param name="fluidLimit">Seconds.</param>
    public static async Task<Round> RunAsync(
        ISubject subject, Case @case, Trial trial, double linkRate, double wireRate, double fluidLimit, CancellationToken cancellationToken)
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
            var sentBefore = await trial.Hosts[0].SentAsync();
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
                        subject.Workers[victim + 1].Kill();
                    }
                }

                if (!hasStruck && @case == Case.SeedLeaves
                    && await trial.Hosts[0].SentAsync() - sentBefore >= CopiesBeforeSeedLeaves * new FileInfo(trial.ContentPath).Length * wireRate / linkRate)
                {
                    hasStruck = true;
                    subject.Workers[0].Kill();
                }

                if (hasStruck)
                {
                    var bytes = (await Task.WhenAll(trial.Hosts.Skip(1).Select(host => host.ReceivedAsync()))).Sum();
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

            await ending.CancelAsync();
            int[] survivors = [.. Enumerable.Range(0, receivers).Where(i => !killed.Contains(i))];
            var (complete, present) = await CompareAsync(subject, survivors, trial.ContentPath, cancellationToken);
            var seconds = complete == survivors.Length && survivors.All(i => finished[i] is not null) ? survivors.Max(i => finished[i]) : null;
            return new Round(seconds, complete, survivors.Length, present);

            async Task ReceiveAsync(int receiver)
            {
                try
                {
                    await subject.ReceiveAsync(receiver, ending.Token);
                    finished[receiver] = watch.Elapsed.TotalSeconds;
                }
                catch (Exception e) when (e is InvalidOperationException or IOException or OperationCanceledException)
                {
                    // Killed, or could not; the comparison of the files shows it.
                }
            }
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
        ISubject subject, int[] survivors, string contentPath, CancellationToken cancellationToken)
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

    private static double Present(ISubject subject, int[] survivors, string contentPath)
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
