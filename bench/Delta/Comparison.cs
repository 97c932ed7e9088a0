using System.Globalization;
using P2PShare.Bench.Delta.Subjects;
using P2PShare.Bench.Delta.Updates;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Delta;

/// <summary>Every subject in every case, over links of each rate.</summary>
internal sealed class Comparison(Plan plan)
{
    private const string P2PShare = "p2pshare";
    private const string RsyncInPlace = "rsync in place";
    private const string Rsync = "rsync beside";
    private const string Zsync = "zsync";
    private const string Curl = "curl of the whole";
    private const int RsyncPort = 8730;
    private const int NginxPort = 8080;

    private const string TimeUnit = "s";
    private const string TimeRatioUnit = "× rsync in place";
    private const string LineUnit = "MB on the line";
    private const string LineRatioUnit = "line × changed leaves";
    private const string SeedUnit = "MB the seed sent";
    private const string SeedRatioUnit = "seed × changed leaves";
    private const string DiskUnit = "MB on disk";
    private const string CpuUnit = "CPU s";

    private readonly Figures _figures = new();
    private readonly Table _table = new(
        [
            "case", "subject", "seconds (min–max)", TimeRatioUnit, LineUnit, LineRatioUnit, SeedUnit, SeedRatioUnit, DiskUnit, CpuUnit, .. Figures.UsageColumns,
        ]);

    private readonly List<Row> _rows = [];

    public static IReadOnlyList<string> AllSubjects { get; } = [P2PShare, RsyncInPlace, Rsync, Zsync, Curl];

    public IReadOnlyList<Row> Rows => _rows;

    public bool Succeeded { get; private set; } = true;

    /// <summary>What has been measured so far.</summary>
    public string Table() => _table.ToString();

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
                $"{@case}: {update.Size / 1e6:0.0} MB, of which {update.Changed.Leaves / 1e6:0.0} MB are in leaves of 16 KiB that changed, {update.Changed.ZeroLeaves / 1e6:0.0} MB of them to zeros"));
            foreach (var rate in plan.Rates)
            {
                await RunAsync(update, rate, work, cancellationToken);
            }
        }

        Console.WriteLine();
    }

    private async Task RunAsync(Update update, double rate, WorkFolder work, CancellationToken cancellationToken)
    {
        var receivers = update.Case == Case.Receivers ? plan.Receivers : 1;
        await using var lab = await Lab.CreateAsync(receivers, rate, cancellationToken);
        var name = $"{update.Case}{(receivers > 1 ? $", N={receivers}" : "")}, {(rate > 0 ? string.Create(CultureInfo.InvariantCulture, $"{rate} Mbit/s") : "no limit")}";
        var linkRate = await Swarm.LinkRate.MeasureAsync(lab.Seed, lab.Receivers[0], cancellationToken);
        await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{name}: a link carries {linkRate * 8 / 1e6:0.0} Mbit/s of one plain TCP connection"));
        Subject[] all =
        [
            new P2PShareSubject(P2PShare, lab, update),
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
            Add(name, rounds);
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
        _figures.Add(@case, subject.Name, TimeUnit, round.Seconds);
        _figures.Add(@case, subject.Name, LineUnit, round.LineBytes / 1e6);
        _figures.Add(@case, subject.Name, LineRatioUnit, round.LineBytes / changed);
        _figures.Add(@case, subject.Name, SeedUnit, round.SeedBytes / 1e6);
        _figures.Add(@case, subject.Name, SeedRatioUnit, round.SeedBytes / changed);
        _figures.Add(@case, subject.Name, DiskUnit, round.DiskBytes / 1e6);
        _figures.Add(@case, subject.Name, CpuUnit, round.Usage.Processor);
        _figures.Add(@case, subject.Name, round.Usage);
        await Console.Error.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{@case}: round {number} of {plan.Rounds}: {subject.Name}: {round.Seconds:0.00} s, {round.LineBytes / 1e6:0.00} MB on the line, {round.Usage.Processor:0.00} CPU s"));
    }

    private void Add(string @case, Rounds rounds)
    {
        var reference = _figures.Values(@case, RsyncInPlace, TimeUnit);
        if (reference.Count > 0)
        {
            _figures.Compare(@case, TimeUnit, TimeRatioUnit, reference, (own, other) => own / other);
        }

        foreach (var subject in rounds.Subjects)
        {
            if (rounds.ReasonOf(subject) is { } reason)
            {
                _table.Add(@case, subject, reason);
            }
            else if (_figures.Values(@case, subject, TimeUnit).Count > 0)
            {
                _rows.AddRange(_figures.Rows(@case, subject));
                _table.Add(
                    [
                        @case, subject, _figures.MedianAndRange(@case, subject, TimeUnit, "0.00"),
                        .. new[] { TimeRatioUnit, LineUnit, LineRatioUnit, SeedUnit, SeedRatioUnit, DiskUnit, CpuUnit }.Select(unit => _figures.Median(@case, subject, unit, "0.00")),
                        .. _figures.UsageCells(@case, subject),
                    ]);
            }
        }
    }
}
