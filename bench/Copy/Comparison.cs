using System.Globalization;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Copy;

/// <summary>Every way to copy, at every rate, to every number of targets.</summary>
internal sealed class Comparison(Plan plan, PowerShellProgram powerShell)
{
    private const string TimeUnit = "s";
    private const string CopiesUnit = "copies sent";
    private const string RatioUnit = "x Copy-Item in a loop";
    private const string EngineUnit = "MB sent to a target beside the file";
    private const int TinySize = 1024;

    private readonly Figures _figures = new();
    private readonly Table _table = new(["links", "N", "way", "seconds (min–max)", "× faster than Copy-Item in a loop", "copies on the sender's link", .. Figures.UsageColumns]);
    private readonly List<Row> _rows = [];
    private readonly List<string> _notes = [];

    public IReadOnlyList<Row> Rows => _rows;

    public bool Succeeded { get; private set; } = true;

    /// <summary>What has been measured so far.</summary>
    public string Table() => string.Join('\n', [_table.ToString(), .. _notes]);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var work = new WorkFolder();
        var path = work.At("image.bin");
        var hash = RandomFile.Write(path, plan.Size, cancellationToken);
        foreach (var rate in plan.Rates)
        {
            foreach (var targets in plan.Targets)
            {
                await RunAsync(rate, targets, path, hash, cancellationToken);
            }

            NoteGrowth(rate);
        }
    }

    private static string LinkName(double rate) => rate > 0 ? string.Create(CultureInfo.InvariantCulture, $"{rate:0.#} Mbit/s") : "loopback";

    private static string CaseName(double rate, int targets) => string.Create(CultureInfo.InvariantCulture, $"{LinkName(rate)}, N={targets}");

    private async Task RunAsync(double rate, int targets, string path, byte[] hash, CancellationToken cancellationToken)
    {
        var name = CaseName(rate, targets);
        var rounds = new Rounds(plan.Subjects);
        foreach (var method in Method.All)
        {
            if (method.FindMissing() is { } missing)
            {
                rounds.Exclude(method.Name, $"{missing} is not installed");
            }
        }

        using var work = new WorkFolder();
        await using var lab = await Lab.CreateAsync(targets, rate, work, powerShell, cancellationToken);
        if (rounds.Remaining.Contains(Method.Swarm.Name))
        {
            await MeasureEngineAsync(lab, name, work, cancellationToken);
        }

        await rounds.RunAsync(
            plan.Rounds,
            async (subject, number) =>
            {
                var round = await RunOnceAsync(lab, Method.All.Single(method => method.Name == subject), path, hash, work, cancellationToken);
                _figures.Add(name, subject, TimeUnit, round.Seconds);
                if (round.SentBytes is { } sent)
                {
                    _figures.Add(name, subject, CopiesUnit, (double)sent / plan.Size);
                }

                _figures.Add(name, subject, round.Usage);
                await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{name}, {subject}, round {number}: {round.Seconds:0.00} s, {(double?)round.SentBytes / plan.Size:0.00} copies"));
            },
            cancellationToken);
        Succeeded &= rounds.Succeeded;
        Add(rate, targets, rounds);
    }

    private static async Task<Round> RunOnceAsync(Lab lab, Method method, string path, byte[] hash, WorkFolder work, CancellationToken cancellationToken)
    {
        var folder = work.Make("round");
        try
        {
            return await Round.RunAsync(method.Create(lab, folder), lab, path, hash, cancellationToken);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // What a copy of almost nothing sends: the script, the engine, the tracker's answers.
    private async Task MeasureEngineAsync(Lab lab, string name, WorkFolder work, CancellationToken cancellationToken)
    {
        var path = work.At("tiny.bin");
        var hash = RandomFile.Write(path, TinySize, cancellationToken);
        var round = await RunOnceAsync(lab, Method.Swarm, path, hash, work, cancellationToken);
        File.Delete(path);
        _notes.Add(string.Create(CultureInfo.InvariantCulture, $"{name}: a file of {TinySize} bytes took {round.Seconds:0.0} s"));
        if (round.SentBytes is { } sent)
        {
            var each = sent / 1e6 / lab.Targets.Count;
            _rows.Add(Row.Of(name, Method.Swarm.Name, EngineUnit, [each]));
            _notes[^1] += string.Create(CultureInfo.InvariantCulture, $" and {each:0.00} MB for each target (at most 4: {Judge(each <= 4)})");
        }
    }

    private void Add(double rate, int targets, Rounds rounds)
    {
        var name = CaseName(rate, targets);
        var loop = _figures.Values(name, Method.CopyItem.Name, TimeUnit);
        if (loop.Count > 0)
        {
            _figures.Compare(name, TimeUnit, RatioUnit, loop, (own, reference) => reference / own);
        }

        foreach (var subject in rounds.Subjects)
        {
            string[] cells = rounds.ReasonOf(subject) is { } reason
                ? [reason]
                : [
                    _figures.MedianAndRange(name, subject, TimeUnit, "0.0"), _figures.Median(name, subject, RatioUnit, "0.00"), _figures.Median(name, subject, CopiesUnit, "0.00"),
                    .. _figures.UsageCells(name, subject),
                ];
            _table.Add([LinkName(rate), string.Create(CultureInfo.InvariantCulture, $"{targets}"), subject, .. cells]);
            _rows.AddRange(_figures.Rows(name, subject));
        }

        if (_figures.Find(name, Method.Swarm.Name, CopiesUnit) is { } copies)
        {
            _notes.Add(string.Create(CultureInfo.InvariantCulture, $"{name}: the sender's link carried {copies.Median:0.00} copies (at most 1.3: {Judge(copies.Median <= 1.3)})"));
        }

        if (rate == 0 && targets == 1 && _figures.Find(name, Method.Swarm.Name, RatioUnit) is { } ratio)
        {
            _notes.Add(string.Create(CultureInfo.InvariantCulture, $"{name}: {ratio.Median:0.00} times as fast as Copy-Item (at least 10: {Judge(ratio.Median >= 10)})"));
        }
    }

    private void NoteGrowth(double rate)
    {
        if (rate > 0
            && _figures.Find(CaseName(rate, plan.Targets.Min()), Method.Swarm.Name, TimeUnit) is { } few
            && _figures.Find(CaseName(rate, plan.Targets.Max()), Method.Swarm.Name, TimeUnit) is { } many)
        {
            var growth = many.Median / few.Median;
            _notes.Add(string.Create(
                CultureInfo.InvariantCulture, $"{LinkName(rate)}: {plan.Targets.Max()} targets took {growth:0.00} of the time of {plan.Targets.Min()} (at most 1.25: {Judge(growth <= 1.25)})"));
        }
    }

    private static string Judge(bool isMet) => isMet ? "met" : "**not met**";
}
