using System.Diagnostics;
using System.Globalization;
using P2PShare.Bench.Measuring;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Bench.Tracker;

/// <summary>
/// Peers that announce as real ones do (<see cref="AnnounceState"/>), each over a connection of its own with its stream of requests to dial, whose tracker is killed and
/// started again.
/// </summary>
/// <param name="interval">Between two announces of a peer.</param>
/// <param name="down">How long the tracker is gone.</param>
internal sealed class Reconnect(int peers, TimeSpan interval, TimeSpan down)
{
    private const int Opening = 64;
    private const int BarLength = 60;

    // The curve has a row for each of them.
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(2);

    private readonly Stopwatch _watch = new();
    // The first of each since then.
    private readonly double[] _announced = new double[peers];
    private readonly double[] _streamed = new double[peers];
    private readonly Lock _lock = new();
    private readonly List<double> _answers = [];
    // When the tracker was started again; 0 before.
    private double _begun;
    private int _streams;
    private int _failures;

    /// <summary>Prints the curve.</summary>
    public async Task<IReadOnlyList<Row>> RunAsync(string folder, PostgresDatabases? postgres, CancellationToken cancellationToken)
    {
        var settings = await SingleTracker.SettingsAsync(postgres, P2PShareSubject.Unlimited, cancellationToken);
        settings["Tracker:AnnounceInterval"] = interval.ToString("c", CultureInfo.InvariantCulture);
        await using var tracker = await SingleTracker.StartAsync(folder, settings, cancellationToken);
        var simulated = await tracker.BringOnlineAsync(peers, cancellationToken);
        using var connections = tracker.Connect(peers, Herd.AddressOf);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _watch.Start();
        var running = new Task[peers];
        await Load.EachAsync(
            peers,
            Opening,
            async peer =>
            {
                var state = new AnnounceState(TimeProvider.System, new Random(peer));
                await AnnounceAsync(simulated, connections, peer, state);
                running[peer] = Task.WhenAll(
                    RunAnnouncesAsync(simulated, connections, peer, state, stopping.Token), RunStreamAsync(simulated, connections, peer, stopping.Token));
            },
            cancellationToken);
        await UntilAsync(() => Volatile.Read(ref _streams) == peers, "all streams are open", cancellationToken);
        // A whole interval of ordinary life, from which on heartbeats are spread.
        await Task.Delay(interval, cancellationToken);

        await tracker.KillAsync();
        await Task.Delay(down, cancellationToken);
        Volatile.Write(ref _begun, _watch.Elapsed.TotalSeconds);
        lock (_lock)
        {
            _answers.Clear();
        }

        Volatile.Write(ref _failures, 0);
        await tracker.RestartAsync(cancellationToken);
        var listening = _watch.Elapsed.TotalSeconds;
        await UntilAsync(() => Array.TrueForAll(_announced, time => time > _begun) && Volatile.Read(ref _streams) == peers, "all peers are back", cancellationToken);
        await stopping.CancelAsync();
        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        var announced = _announced.Max() - listening;
        var streamed = _streamed.Max() - listening;
        var perStep = Count(listening);
        Print(perStep, announced, streamed);
        var name = $"{peers} peers after a kill";
        return
        [
            Row.Of(name, SingleTracker.Subject, "seconds until all had announced", [announced]),
            Row.Of(name, SingleTracker.Subject, "seconds until all had their streams", [streamed]),
            Row.Of(name, SingleTracker.Subject, "answers/s at most", [perStep.Max() / Step.TotalSeconds]),
            Row.Of(name, SingleTracker.Subject, "failed requests after the start", [_failures]),
        ];
    }

    private static async Task UntilAsync(Func<bool> holds, string what, CancellationToken cancellationToken)
    {
        var timeout = TimeSpan.FromMinutes(10);
        var watch = Stopwatch.StartNew();
        while (!holds())
        {
            if (watch.Elapsed > timeout)
            {
                throw new BenchException($"It is not so that {what} after {timeout.TotalMinutes} minutes.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken);
        }
    }

    private async Task AnnounceAsync(SimulatedPeers simulated, Connections connections, int peer, AnnounceState state)
    {
        state.Begin();
        var batch = state.TakeBatch();
        state.Accept(batch, await simulated.AnnounceDueAsync(connections, peer, batch.IsFull), isOwnRevoked: false);
        state.End();
        AddAnswer();
        if (_announced[peer] <= Volatile.Read(ref _begun))
        {
            _announced[peer] = _watch.Elapsed.TotalSeconds;
        }
    }

    private async Task RunAnnouncesAsync(SimulatedPeers simulated, Connections connections, int peer, AnnounceState state, CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(state.TimeUntilDue(), cancellationToken);
            try
            {
                await AnnounceAsync(simulated, connections, peer, state);
            }
            catch (Exception e) when (IsOfTracker(e))
            {
                Interlocked.Increment(ref _failures);
                state.Fail();
                state.Postpone(TimeSpan.Zero);
            }
        }
    }

    private async Task RunStreamAsync(SimulatedPeers simulated, Connections connections, int peer, CancellationToken cancellationToken)
    {
        var backoff = DialRequestStream.NewBackoff(new Random(-1 - peer));
        var buffer = new byte[256];
        while (true)
        {
            try
            {
                using var response = await simulated.OpenDialsAsync(connections, peer);
                AddAnswer();
                _streamed[peer] = _watch.Elapsed.TotalSeconds;
                Interlocked.Increment(ref _streams);
                try
                {
                    await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
                    while (await stream.ReadAsync(buffer, cancellationToken) > 0)
                    {
                        backoff.Reset();
                    }
                }
                finally
                {
                    Interlocked.Decrement(ref _streams);
                }
            }
            catch (Exception e) when (IsOfTracker(e))
            {
                cancellationToken.ThrowIfCancellationRequested();
                Interlocked.Increment(ref _failures);
            }

            await Task.Delay(backoff.Next(), cancellationToken);
        }
    }

    private static bool IsOfTracker(Exception e) => e is HttpRequestException or IOException or BenchException || e is TaskCanceledException { InnerException: TimeoutException };

    private void AddAnswer()
    {
        lock (_lock)
        {
            _answers.Add(_watch.Elapsed.TotalSeconds);
        }
    }

    private int[] Count(double from)
    {
        lock (_lock)
        {
            var steps = new int[1 + (int)((_answers.Max() - from) / Step.TotalSeconds)];
            foreach (var answer in _answers.Where(answer => answer >= from))
            {
                steps[(int)((answer - from) / Step.TotalSeconds)]++;
            }

            return steps;
        }
    }

    private void Print(int[] perStep, double announced, double streamed)
    {
        Console.WriteLine(FormattableString.Invariant(
            $"\n{peers} peers, each with a connection and a stream, that announce each {interval.TotalSeconds:0} s; the tracker was killed and started again after {down.TotalSeconds:0} s; {Environment.ProcessorCount} processors, client included\n  {announced:0.0} s until all had announced, {streamed:0.0} s until all had their streams, {_failures} failed requests\n\n  s from the start   answers/s"));
        for (var i = 0; i < perStep.Length; i++)
        {
            Console.WriteLine(FormattableString.Invariant($"  {i * Step.TotalSeconds,16:0}   {perStep[i] / Step.TotalSeconds,9:0} {new string('#', (int)Math.Ceiling((double)BarLength * perStep[i] / perStep.Max()))}"));
        }
    }
}
