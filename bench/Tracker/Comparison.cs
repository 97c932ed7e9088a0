using System.Globalization;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Tracker;

/// <summary>All subjects in all cases; one server runs at a time.</summary>
internal sealed class Comparison(Plan plan, IReadOnlyList<Subject> subjects, string reference)
{
    private const string RateUnit = "requests/s";
    private const string RatioUnit = "× hello";
    private const string MedianUnit = "p50 ms";
    private const string TailUnit = "p99 ms";
    private const string MemoryUnit = "bytes";
    private const string StreamMemoryUnit = "bytes/stream";
    private const double StreamRequestsPerSecond = 200;
    private const string PacedCase = "announce at 70 % load";
    private const double PacedShare = 0.7;

    private readonly string _onlineCase = $"{plan.Online} peers online";
    private readonly string _streamsCase = $"{plan.Streams} dial streams, {StreamRequestsPerSecond:0} requests/s";
    private readonly Rounds _rounds = new([.. subjects.Select(subject => subject.Name)]);
    private readonly Figures _figures = new();

    public bool Succeeded => _rounds.Succeeded;

    public async Task RunAsync(WorkFolder work, CancellationToken cancellationToken)
    {
        foreach (var subject in subjects)
        {
            if (subject.Missing is { } missing)
            {
                _rounds.Exclude(subject.Name, missing);
            }
        }

        await _rounds.RunAsync(
            plan.Rounds,
            async (name, round) =>
            {
                var subject = subjects.Single(subject => subject.Name == name);
                Report($"round {round} of {plan.Rounds}: {name}");
                var folder = work.Make($"{Guid.NewGuid():N}");
                try
                {
                    await subject.StartAsync(folder, cancellationToken);
                    foreach (var @case in plan.Cases)
                    {
                        await RunAsync(subject, @case, cancellationToken);
                    }

                    if (round == plan.Rounds && subject is P2PShareSubject tracker)
                    {
                        _figures.Add(_onlineCase, name, MemoryUnit, await tracker.GrowAsync(plan.Online, cancellationToken));
                    }
                }
                finally
                {
                    await subject.DisposeAsync();
                    Directory.Delete(folder, recursive: true);
                }
            },
            cancellationToken);
        // A login has no counterpart; its ceiling is the answer to an announce.
        foreach (var @case in LoadedCases().Where(@case => @case != PacedCase && @case != _streamsCase))
        {
            var ceiling = _figures.Values(@case, reference, RateUnit) is { Count: > 0 } own ? own : _figures.Values($"{Case.Announce}", reference, RateUnit);
            _figures.Compare(@case, RateUnit, RatioUnit, ceiling, (rate, ceilingRate) => rate / ceilingRate);
        }
    }

    public IEnumerable<Row> Rows() =>
        LoadedCases().Append(_onlineCase).SelectMany(@case => _rounds.Remaining.SelectMany(subject => _figures.Rows(@case, subject)));

    public string Table()
    {
        var table = new Table(["case", "subject", $"{RateUnit} (min–max)", RatioUnit, MedianUnit, TailUnit, .. Figures.UsageColumns]);
        foreach (var @case in LoadedCases())
        {
            foreach (var subject in _rounds.Remaining.Where(subject => _figures.Find(@case, subject, RateUnit) is not null))
            {
                table.Add(
                    [
                        @case,
                        subject,
                        _figures.MedianAndRange(@case, subject, RateUnit, "0"),
                        _figures.Median(@case, subject, RatioUnit, "0.00"),
                        _figures.Median(@case, subject, MedianUnit, "0.00"),
                        _figures.Median(@case, subject, TailUnit, "0.00"),
                        .. _figures.UsageCells(@case, subject),
                    ]);
            }
        }

        foreach (var subject in _rounds.Subjects)
        {
            if (_rounds.ReasonOf(subject) is { } reason)
            {
                table.Add("all", subject, reason);
            }
            else if (_figures.Find(_onlineCase, subject, MemoryUnit) is { } memory)
            {
                var bytes = (long)memory.Median;
                table.Add(_onlineCase, subject, $"{new ByteSize(bytes)} at most, {new ByteSize(bytes * 10_000 / plan.Online)} for 10000 peers");
            }

            if (_figures.Find(_streamsCase, subject, StreamMemoryUnit) is { } stream)
            {
                table.Add(_streamsCase, subject, $"{new ByteSize((long)stream.Median)} for each stream and its connection");
            }
        }

        return table.ToString();
    }

    private static void Report(string line) => Console.Error.WriteLine(line);

    private IEnumerable<string> LoadedCases() => _figures.Cases.Where(@case => @case != _onlineCase).Order(StringComparer.Ordinal);

    private async Task RunAsync(Subject subject, Case @case, CancellationToken cancellationToken)
    {
        if (@case == Case.DialStreams)
        {
            await RunStreamsAsync(subject, cancellationToken);
            return;
        }

        if (subject.RequestOf(@case) is not { } request)
        {
            return;
        }

        // Logins wait for their turn at the tracker, which refuses a queue that would be long.
        var concurrency = @case == Case.Login ? Math.Min(16, plan.Concurrency) : plan.Concurrency;
        // Of the first seconds a good part is compilation, which a tracker does once in its life.
        await Load.SaturateAsync(request, concurrency, plan.Warm, cancellationToken);
        var saturated = await MeasureAsync($"{@case}", () => Load.SaturateAsync(request, concurrency, plan.Time, cancellationToken));
        if (@case == Case.Announce)
        {
            await MeasureAsync(PacedCase, () => Load.PaceAsync(request, saturated.PerSecond * PacedShare, plan.Time, cancellationToken));
        }

        async Task<Latencies> MeasureAsync(string name, Func<Task<Latencies>> load)
        {
            var before = await ReadUsageAsync();
            var latencies = await load();
            _figures.Add(name, subject.Name, await ReadUsageAsync() - before);
            Add(name, subject.Name, latencies);
            return latencies;
        }

        async Task<Usage> ReadUsageAsync() =>
            new ProcessTree(subject.ProcessIds).ReadUsage() + new Usage(0, 0, await subject.ReadCompilingAsync(cancellationToken));
    }

    private async Task RunStreamsAsync(Subject subject, CancellationToken cancellationToken)
    {
        if (subject is P2PShareSubject tracker)
        {
            var (bytes, latencies) = await tracker.MeasureStreamsAsync(plan.Streams, StreamRequestsPerSecond, plan.Time, cancellationToken);
            _figures.Add(_streamsCase, subject.Name, StreamMemoryUnit, bytes);
            Add(_streamsCase, subject.Name, latencies);
        }
    }

    private void Add(string @case, string subject, Latencies latencies)
    {
        Report(string.Create(
            CultureInfo.InvariantCulture,
            $"  {@case}: {latencies.PerSecond:0} {RateUnit}, p50 {latencies.Percentile(0.5):0.0} ms, p99 {latencies.Percentile(0.99):0.0} ms"));
        _figures.Add(@case, subject, RateUnit, latencies.PerSecond);
        _figures.Add(@case, subject, MedianUnit, latencies.Percentile(0.5));
        _figures.Add(@case, subject, TailUnit, latencies.Percentile(0.99));
    }
}
