using System.Diagnostics;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Transfer.Subjects;

namespace P2PShare.Bench.Transfer;

/// <summary>One run of one subject.</summary>
/// <param name="Seconds">Wall time from the command to the last file complete.</param>
/// <param name="Usage">Of both sides.</param>
internal sealed record Measurement(double Seconds, Usage Usage)
{
    // Reading /proc takes processor time itself.
    private static readonly TimeSpan SampleTime = TimeSpan.FromMilliseconds(200);

    public static async Task<Measurement> TakeAsync(Subject subject, Content content, string folder, CancellationToken cancellationToken)
    {
        using var ended = new CancellationTokenSource();
        // The first time compiles what it needs.
        await ReadUsageAsync();
        var before = await ReadUsageAsync();
        var sampling = SampleAsync(subject.Processes, ended.Token);
        var watch = Stopwatch.StartNew();
        try
        {
            await subject.ReceiveAsync(content, folder, cancellationToken);
            watch.Stop();
        }
        finally
        {
            await ended.CancelAsync();
            await sampling;
        }

        subject.Processes.Sample();
        return new Measurement(watch.Elapsed.TotalSeconds, await ReadUsageAsync() - before);

        // A receiver that has ended is no longer among the processes, but among what this process has started.
        async Task<Usage> ReadUsageAsync() =>
            subject.Processes.ReadUsage() + ProcessTree.ReadEndedUsage() + new Usage(0, 0, await subject.ReadCompilingAsync(cancellationToken));
    }

    private static async Task SampleAsync(ProcessTree processes, CancellationToken ended)
    {
        while (!ended.IsCancellationRequested)
        {
            await Task.Delay(SampleTime, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            processes.Sample();
        }
    }
}
