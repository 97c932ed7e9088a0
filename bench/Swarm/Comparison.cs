using System.Globalization;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Swarm;

/// <summary>Every subject in every case, with every number of receivers.</summary>
internal sealed class Comparison(Plan plan)
{
    private const string P2PShare = "p2pshare";
    private const string Libtorrent = "libtorrent";
    private const string Nginx = "nginx";
    private const string TimeUnit = "s";
    private const string RatioUnit = "x fluid limit";

    private readonly Figures _figures = new();
    private readonly Table _table = new(["case", "subject", "N", "seconds (min–max)", "× fluid limit", "survivors complete", .. Figures.UsageColumns]);
    private readonly List<Row> _rows = [];

    public static IReadOnlyList<string> AllSubjects { get; } = [P2PShare, Libtorrent, Nginx];

    public IReadOnlyList<Row> Rows => _rows;

    public bool Succeeded { get; private set; } = true;

    /// <summary>What has been measured so far.</summary>
    public string Table() => _table.ToString();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var missing = await FindMissingAsync(cancellationToken);
        await using var lab = await Lab.CreateAsync(plan, cancellationToken);
        var load = await Lab.ReadLoadAsync(cancellationToken);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{plan.Size / 1048576.0:0.#} MiB, links of {plan.Rate:0.#} Mbit/s each way that carry {lab.LinkRate * 8 / 1e6:0.00} Mbit/s of one plain TCP connection; {plan.Rounds} rounds; load average {load}"));
        Console.WriteLine();
        foreach (var @case in plan.Cases)
        {
            foreach (var receivers in plan.Receivers)
            {
                await RunAsync(lab, @case, receivers, missing, cancellationToken);
            }
        }
    }

    private static async Task<IReadOnlyList<string>> FindMissingAsync(CancellationToken cancellationToken)
    {
        var missing = new List<string>();
        if (!await LibtorrentPeer.IsInstalledAsync(cancellationToken))
        {
            missing.Add(Libtorrent);
        }

        if (!NginxSubject.IsInstalled)
        {
            missing.Add(Nginx);
        }

        return missing;
    }

    private async Task RunAsync(Lab lab, Case @case, int receivers, IReadOnlyList<string> missing, CancellationToken cancellationToken)
    {
        // A web server is not compared in the cases of failure.
        var rounds = new Rounds([.. plan.Subjects.Where(subject => subject != Nginx || @case == Case.All)]);
        foreach (var subject in missing)
        {
            rounds.Exclude(subject, "not installed");
        }

        var results = rounds.Subjects.ToDictionary(subject => subject, _ => new List<Round>());
        try
        {
            await rounds.RunAsync(plan.Rounds, async (subject, _) => results[subject].Add(await RunOnceAsync(lab, subject, @case, receivers, cancellationToken)), cancellationToken);
        }
        finally
        {
            Succeeded &= rounds.Succeeded;
            foreach (var subject in rounds.Subjects)
            {
                if (rounds.ReasonOf(subject) is { } reason)
                {
                    _table.Add($"{@case}", subject, $"{receivers}", reason);
                }
                else if (results[subject].Count > 0)
                {
                    Add(@case, subject, receivers, results[subject], lab.LinkRate);
                }
            }
        }
    }

    private async Task<Round> RunOnceAsync(Lab lab, string name, Case @case, int receivers, CancellationToken cancellationToken)
    {
        var trial = new Trial(lab.Tracker, [.. lab.Hosts.Take(receivers + 1)], lab.ContentPath, lab.Work.Make("round"));
        try
        {
            await using Subject subject = name switch
            {
                P2PShare => new P2PShareSubject(trial),
                Libtorrent => new LibtorrentSubject(trial),
                _ => new NginxSubject(trial),
            };
            var round = await Round.RunAsync(
                subject, @case, trial, lab.LinkRate, plan.Rate * 1e6 / 8, FluidLimit(receivers, lab.LinkRate), cancellationToken);
            var load = await Lab.ReadLoadAsync(cancellationToken);
            await Console.Error.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"{@case} {name} {receivers}: {round.Seconds:0.00} s, {round.Complete}/{round.Survivors}, {round.SharePresent:p1} present, load {load}"));
            return round;
        }
        finally
        {
            Directory.Delete(trial.Folder, recursive: true);
        }
    }

    // max(F/u_seed, F/d_min, N·F/(u_seed + Σu_i)): with equal links the first two are the same, and the last is smaller.
    private double FluidLimit(int receivers, double linkRate) =>
        Math.Max(plan.Size / linkRate, receivers * (plan.Size / (linkRate * (receivers + 1))));

    private void Add(Case @case, string subject, int receivers, List<Round> rounds, double linkRate)
    {
        var completeness = $"{rounds.Sum(round => round.Complete)} of {rounds.Sum(round => round.Survivors)}";
        foreach (var round in rounds.Where(round => round.Complete < round.Survivors))
        {
            completeness += string.Create(CultureInfo.InvariantCulture, $"; {round.Complete} of {round.Survivors} where {round.SharePresent:p2} was there");
        }

        var name = $"{@case}, N={receivers}";
        var limit = FluidLimit(receivers, linkRate);
        foreach (var round in rounds)
        {
            if (round.Seconds is { } seconds)
            {
                _figures.Add(name, subject, TimeUnit, seconds);
                _figures.Add(name, subject, RatioUnit, seconds / limit);
            }

            _figures.Add(name, subject, round.Usage);
        }

        _rows.AddRange(_figures.Rows(name, subject));
        var time = _figures.MedianAndRange(name, subject, TimeUnit, "0.0");
        _table.Add(
            [
                $"{@case}", subject, $"{receivers}", time.Length > 0 ? time : "not complete", _figures.Median(name, subject, RatioUnit, "0.00"), completeness,
                .. _figures.UsageCells(name, subject),
            ]);
    }
}
