using System.Globalization;
using P2PShare.Bench.Delta.Subjects;
using P2PShare.Bench.Delta.Updates;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Delta;

/// <summary>Every subject in every case, over links of each rate.</summary>
internal sealed class Comparison(Plan plan)
{
    private const string RsyncInPlace = "rsync in place";
    private const string Rsync = "rsync beside";
    private const string Zsync = "zsync";
    private const string Curl = "curl of the whole";
    private const int RsyncPort = 8730;
    private const int NginxPort = 8080;
    private const int TrackerPort = 8001;

    private readonly Figures _figures = new();
    private readonly Table _table = new(["case", "subject", "seconds (min–max)", .. Units.Columns, .. Figures.UsageColumns]);
    private readonly Table _targets = new("case", "subject", "figure", "at most", "median (min–max)", "");

    private readonly List<Row> _rows = [];

    public static IReadOnlyList<string> AllSubjects { get; } = [.. Variant.All.Select(variant => variant.Name), RsyncInPlace, Rsync, Zsync, Curl];

    public IReadOnlyList<Row> Rows => _rows;

    public bool Succeeded { get; private set; } = true;

    /// <summary>What has been measured so far.</summary>
    public string Table() => _table.ToString();

    /// <summary>Which of the targets are met by it.</summary>
    public string Targets() => _targets.ToString();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var work = new WorkFolder();
        var maker = new UpdateMaker(plan, work.Make("versions"));
        Console.WriteLine($"Medians of {plan.Rounds} rounds; {ProcessorModel.Read()}; the versions are of seed {plan.Seed}; MB are of TCP's payload");
        foreach (var @case in plan.Cases)
        {
            string[] missing = [.. UpdateMaker.ProgramsOf(@case).Where(program => InstalledProgram.Find(program) is null)];
            if (missing.Length > 0)
            {
                _table.Add($"{@case}", $"not installed: {string.Join(", ", missing)}");
                continue;
            }

            var update = await maker.MakeAsync(@case, cancellationToken);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{@case}: {update.Size / 1e6:0.0} MB, of which {update.Changed.Leaves / 1e6:0.0} MB are in leaves of 16 KiB that changed, {update.Changed.ZeroLeaves / 1e6:0.0} MB of them to zeros{Describe(update.Chunks)}"));
            foreach (var rate in plan.Rates)
            {
                await RunAsync(update, rate, work, cancellationToken);
            }
        }

        Console.WriteLine();
    }

    private static string Describe(ChunkedBytes? chunks) => chunks is { } some
        ? string.Create(CultureInfo.InvariantCulture, $"; {some.Missing / 1e6:0.0} MB are in chunks that the old version has nowhere, and its chunk map has {some.MapLength / 1e6:0.000} MB")
        : "";

    private async Task RunAsync(Update update, double rate, WorkFolder work, CancellationToken cancellationToken)
    {
        var receivers = update.Case == Case.Receivers ? plan.Receivers : 1;
        await using var lab = await Lab.CreateAsync(receivers, rate, cancellationToken);
        var name = $"{update.Case}{(receivers > 1 ? $", N={receivers}" : "")}, {(rate > 0 ? string.Create(CultureInfo.InvariantCulture, $"{rate} Mbit/s") : "no limit")}";
        var linkRate = await Swarm.LinkRate.MeasureAsync(lab.Seed, lab.Receivers[0], cancellationToken);
        await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{name}: a link carries {linkRate * 8 / 1e6:0.0} Mbit/s of one plain TCP connection"));
        Subject[] all =
        [
            .. Variant.All.Where(variant => variant.Cases.Contains(update.Case) && (!variant.IsOtherBuild || plan.Before is not null))
                .Select((variant, i) => new P2PShareSubject(variant, lab, update, TrackerPort + i, plan.Before)),
            new RsyncSubject(RsyncInPlace, lab, update, RsyncPort, inPlace: true),
            new RsyncSubject(Rsync, lab, update, RsyncPort + 1, inPlace: false),
            new ZsyncSubject(Zsync, lab, update, NginxPort),
            new CurlSubject(Curl, lab, update, NginxPort + 1),
        ];
        // zsync is for one file.
        var subjects = all.Where(subject => plan.Subjects.Contains(subject.Name) && !(update.IsFolder && subject is ZsyncSubject)).ToArray();
        var rounds = new Rounds([.. subjects.Select(subject => subject.Name)]);
        try
        {
            foreach (var subject in subjects)
            {
                await rounds.TryAsync(subject.Name, () => StartAsync(subject, rounds, work, cancellationToken), cancellationToken);
            }

            await rounds.RunAsync(
                plan.Rounds,
                (subject, round) => RunOnceAsync(name, subjects.Single(one => one.Name == subject), round, update, lab, work, cancellationToken),
                cancellationToken);
        }
        finally
        {
            Succeeded &= rounds.Succeeded;
            Add(update.Case, rate, name, rounds);
            foreach (var subject in subjects)
            {
                await subject.DisposeAsync();
            }
        }
    }

    private static async Task StartAsync(Subject subject, Rounds rounds, WorkFolder work, CancellationToken cancellationToken)
    {
        string[] missing = [.. subject.Programs.Where(program => InstalledProgram.Find(program) is null)];
        if (missing.Length > 0)
        {
            rounds.Exclude(subject.Name, $"not installed: {string.Join(", ", missing)}");
            return;
        }

        await subject.StartAsync(work.Make(Path.GetRandomFileName()), cancellationToken);
    }

    private async Task RunOnceAsync(string @case, Subject subject, int number, Update update, Lab lab, WorkFolder work, CancellationToken cancellationToken)
    {
        Round round;
        try
        {
            round = await Round.RunAsync(subject, update, lab, work, cancellationToken);
        }
        catch
        {
            // Its processes would disturb the others.
            await subject.DisposeAsync();
            throw;
        }

        double changed = update.Changed.Leaves;
        _figures.Add(@case, subject.Name, Units.Time, round.Seconds);
        _figures.Add(@case, subject.Name, Units.Line, round.LineBytes / 1e6);
        _figures.Add(@case, subject.Name, Units.LineRatio, round.LineBytes / changed);
        if (update.Chunks is { Missing: > 0 and var missing })
        {
            _figures.Add(@case, subject.Name, Units.ChunkRatio, round.LineBytes / (double)missing);
        }

        _figures.Add(@case, subject.Name, Units.Seed, round.SeedBytes / 1e6);
        _figures.Add(@case, subject.Name, Units.SeedRatio, round.SeedBytes / changed);
        _figures.Add(@case, subject.Name, Units.Disk, round.DiskBytes / 1e6);
        _figures.Add(@case, subject.Name, Units.DiskRatio, round.DiskBytes / changed);
        _figures.Add(@case, subject.Name, Units.Processor, round.Usage.Processor);
        _figures.Add(@case, subject.Name, round.Usage);
        await Console.Error.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{@case}: round {number} of {plan.Rounds}: {subject.Name}: {round.Seconds:0.00} s, {round.LineBytes / 1e6:0.00} MB on the line, {round.Usage.Processor:0.00} CPU s"));
    }

    private void Add(Case @case, double rate, string name, Rounds rounds)
    {
        var reference = FindReference(@case, name);
        if (reference.Count > 0)
        {
            _figures.Compare(name, Units.Time, Units.TimeRatio, reference, (own, other) => own / other);
        }

        foreach (var subject in rounds.Subjects)
        {
            if (rounds.ReasonOf(subject) is { } reason)
            {
                _table.Add(name, subject, reason);
            }
            else if (_figures.Values(name, subject, Units.Time).Count > 0)
            {
                _rows.AddRange(_figures.Rows(name, subject));
                _table.Add(
                    [
                        name, subject, _figures.MedianAndRange(name, subject, Units.Time, "0.00"),
                        .. Units.Columns.Select(unit => _figures.Median(name, subject, unit, "0.00")),
                        .. _figures.UsageCells(name, subject),
                    ]);
            }
        }

        foreach (var row in Target.All.Where(target => target.Case == @case && (target.Rate ?? rate) == rate).Select(target => target.TryJudge(_figures, name)))
        {
            if (row is not null)
            {
                _targets.Add(row);
            }
        }
    }

    // The time of each round of what the case is compared with.
    private IReadOnlyList<double> FindReference(Case @case, string name)
    {
        if (Target.ReferenceOf(@case) is { } subject)
        {
            return _figures.Values(name, subject, Units.Time);
        }

        var inPlace = _figures.Values(name, RsyncInPlace, Units.Time);
        var beside = _figures.Values(name, Rsync, Units.Time);
        return inPlace.Count == beside.Count ? [.. inPlace.Zip(beside, Math.Min)] : inPlace.Count > beside.Count ? inPlace : beside;
    }
}
