using System.Diagnostics;

namespace P2PShare.Bench.Tracker;

/// <summary>Sends requests to a server. Each request is given its number, from 0.</summary>
internal static class Load
{
    /// <summary>As fast as the answers come: N at a time, the next when one is answered.</summary>
    /// <param name="concurrency">N.</param>
    public static async Task<Latencies> SaturateAsync(Func<int, Task> request, int concurrency, TimeSpan time, CancellationToken cancellationToken)
    {
        var next = -1;
        var watch = Stopwatch.StartNew();
        var results = await Task.WhenAll(Enumerable.Range(0, concurrency).Select(_ => Task.Run(
            async () =>
            {
                var took = new List<double>();
                while (watch.Elapsed < time)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    var start = Stopwatch.GetTimestamp();
                    await request(Interlocked.Increment(ref next));
                    took.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                }

                return took;
            },
            cancellationToken)));
        return new Latencies(results.SelectMany(result => result), watch.Elapsed);
    }

    /// <summary>
    /// At a fixed rate, whether answers come or not; a request's time counts from when it was due, so that a server that
    /// pauses for a moment pays for all requests that were due meanwhile.
    /// </summary>
    public static async Task<Latencies> PaceAsync(Func<int, Task> request, double perSecond, TimeSpan time, CancellationToken cancellationToken)
    {
        var count = (int)(perSecond * time.TotalSeconds);
        var took = new double[count];
        var requests = new List<Task>(count);
        var watch = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (requests.Count < count && await timer.WaitForNextTickAsync(cancellationToken))
        {
            for (var due = Math.Min(count, (int)(watch.Elapsed.TotalSeconds * perSecond)); requests.Count < due;)
            {
                requests.Add(OneAsync(requests.Count));
            }
        }

        await Task.WhenAll(requests);
        return new Latencies(took, watch.Elapsed);

        async Task OneAsync(int number)
        {
            await Task.Yield();
            await request(number);
            took[number] = (watch.Elapsed.TotalSeconds - (number / perSecond)) * 1000;
        }
    }

    /// <summary>Each number once, N at a time.</summary>
    /// <param name="concurrency">N.</param>
    public static Task EachAsync(int count, int concurrency, Func<int, Task> request, CancellationToken cancellationToken) => Parallel.ForAsync(
        0, count, new ParallelOptions { MaxDegreeOfParallelism = concurrency, CancellationToken = cancellationToken },
        async (number, _) => await request(number));
}
