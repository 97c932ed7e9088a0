using System.Globalization;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Tracker.Subjects;

namespace P2PShare.Bench.Tracker;

/// <summary>All subjects in all cases, once in every round and in random order; one server runs at a time.</summary>
internal sealed class Contest(Options options, IReadOnlyList<Subject> subjects, string reference)
{
    private const string RateUnit = "requests/s";
    private const string RatioUnit = "× hello";
    private const string MedianUnit = "p50 ms";
    private const string TailUnit = "p99 ms";
    private const string PacedCase = "announce at 70 % load";
    private const double PacedShare = 0.7;

    private readonly Dictionary<(string Case, string Subject, string Unit), List<double>> _figures = [];
    private readonly Dictionary<string, long> _memory = [];

    public async Task RunAsync(WorkFolder work, CancellationToken cancellationToken)
    {
        for (var round = 1; round <= options.Rounds; round++)
        {
            var order = subjects.Where(subject => subject.Missing is null).ToArray();
            Random.Shared.Shuffle(order);
            foreach (var subject in order)
            {
                Say($"round {round} of {options.Rounds}: {subject.Name}");
                var folder = work.Make($"{Guid.NewGuid():N}");
                try
                {
                    await subject.StartAsync(folder, cancellationToken);
                    await RunAsync(subject, cancellationToken);
                    if (round == options.Rounds && subject is P2PShareSubject tracker)
                    {
                        _memory[subject.Name] = await tracker.GrowAsync(options.Online, cancellationToken);
                    }
                }
                finally
                {
                    await subject.DisposeAsync();
                    Directory.Delete(folder, recursive: true);
                }
            }
        }
    }

    public IEnumerable<Row> Rows() => _figures
        .Select(figure => Row.Of(figure.Key.Case, figure.Key.Subject, figure.Key.Unit, figure.Value))
        .Concat(_memory.Select(memory => Row.Of($"{options.Online} peers online", memory.Key, "bytes", [memory.Value])));

    public string Table()
    {
        var table = new Table("case", "subject", $"{RateUnit} (min–max)", RatioUnit, MedianUnit, TailUnit);
        foreach (var @case in _figures.Keys.Select(key => key.Case).Distinct().Order(StringComparer.Ordinal))
        {
            foreach (var subject in subjects)
            {
                var rows = Rows().Where(row => row.Case == @case && row.Subject == subject.Name).ToDictionary(row => row.Unit);
                if (rows.TryGetValue(RateUnit, out var rate))
                {
                    table.Add(
                        @case,
                        subject.Name,
                        string.Create(CultureInfo.InvariantCulture, $"{rate.Median:0} ({rate.Min:0}–{rate.Max:0})"),
                        Format(RatioUnit),
                        Format(MedianUnit),
                        Format(TailUnit));
                }

                string Format(string unit) => rows.TryGetValue(unit, out var row) ? row.Median.ToString("0.00", CultureInfo.InvariantCulture) : "";
            }
        }

        foreach (var subject in subjects.Where(subject => subject.Missing is not null))
        {
            table.Add("all", subject.Name, subject.Missing!);
        }

        foreach (var (subject, bytes) in _memory)
        {
            table.Add(
                $"{options.Online} peers online", subject, string.Create(
                    CultureInfo.InvariantCulture, $"{ByteSize.Format(bytes)} at most, {ByteSize.Format(bytes * 10_000 / options.Online)} for 10000 peers"));
        }

        return table.ToString();
    }

    private static void Say(string line) => Console.Error.WriteLine(line);

    private async Task RunAsync(Subject subject, CancellationToken cancellationToken)
    {
        foreach (var @case in options.Cases)
        {
            if (subject.RequestOf(@case) is not { } request)
            {
                continue;
            }

            // Logins wait for their turn at the tracker, which refuses a queue that would be long.
            var concurrency = @case == Case.Login ? Math.Min(16, options.Concurrency) : options.Concurrency;
            // Of the first seconds a good part is compilation, which a tracker does once in its life.
            await Load.SaturateAsync(request, concurrency, options.Warm, cancellationToken);
            var saturated = await Load.SaturateAsync(request, concurrency, options.Time, cancellationToken);
            Add($"{@case}", subject, saturated);
            if (@case == Case.Announce)
            {
                Add(PacedCase, subject, await Load.PaceAsync(request, saturated.PerSecond * PacedShare, options.Time, cancellationToken));
            }
        }
    }

    private void Add(string @case, Subject subject, Latencies latencies)
    {
        Say(string.Create(
            CultureInfo.InvariantCulture,
            $"  {@case}: {latencies.PerSecond:0} {RateUnit}, p50 {latencies.Percentile(0.5):0.0} ms, p99 {latencies.Percentile(0.99):0.0} ms"));
        Add(RateUnit, latencies.PerSecond);
        Add(MedianUnit, latencies.Percentile(0.5));
        Add(TailUnit, latencies.Percentile(0.99));

        void Add(string unit, double value)
        {
            if (!_figures.TryGetValue((@case, subject.Name, unit), out var values))
            {
                values = _figures[(@case, subject.Name, unit)] = [];
            }

            values.Add(value);
        }
    }

    /// <summary>To be called when all rounds are over: ratios are of one round.</summary>
    public void Compare()
    {
        foreach (var ((@case, subject, unit), values) in _figures.Where(figure => figure.Key.Unit == RateUnit).ToList())
        {
            // A write other than an announce has no counterpart; its ceiling is the same POST.
            var ceiling = _figures.GetValueOrDefault((@case, reference, RateUnit)) ?? _figures.GetValueOrDefault(($"{Case.Announce}", reference, RateUnit));
            if (@case != PacedCase && ceiling is not null)
            {
                _figures[(@case, subject, RatioUnit)] = [.. values.Zip(ceiling, (own, other) => own / other)];
            }
        }
    }
}
