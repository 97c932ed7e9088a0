using System.Globalization;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Transfer.Subjects;

namespace P2PShare.Bench.Transfer;

/// <summary>
/// The subjects of one case, once each in every round and in random order, so that what the machine does meanwhile meets
/// all of them and ratios are of one round.
/// </summary>
internal sealed class Contest(Content content, IReadOnlyList<Subject> subjects, string reference, int rounds) : IAsyncDisposable
{
    // The page cache gets more than the bytes of many small files.
    private const long LeastBallast = 256L << 20;

    private readonly Dictionary<Subject, List<Measurement>> _measurements = subjects.ToDictionary(subject => subject, _ => new List<Measurement>());
    private readonly Dictionary<Subject, string> _excluded = [];
    private readonly HashSet<Subject> _verified = [];

    /// <summary>Whether every subject that is installed went through all rounds.</summary>
    public bool Succeeded { get; private set; } = true;

    public async Task RunAsync(WorkFolder work, CancellationToken cancellationToken)
    {
        foreach (var (index, subject) in subjects.Index())
        {
            Console.Error.WriteLine($"{content.Case}: starting {subject.Name}");
            if (!await subject.IsInstalledAsync(cancellationToken))
            {
                _excluded[subject] = "not installed";
                continue;
            }

            await GuardAsync(subject, () => subject.StartAsync(content, work.Make($"{content.Case}-{index}"), cancellationToken));
        }

        for (var round = 1; round <= rounds; round++)
        {
            var order = subjects.Where(subject => !_excluded.ContainsKey(subject)).ToArray();
            Random.Shared.Shuffle(order);
            foreach (var subject in order)
            {
                await GuardAsync(subject, async () =>
                {
                    var measurement = await RunOnceAsync(subject, work, cancellationToken);
                    _measurements[subject].Add(measurement);
                    Console.Error.WriteLine(string.Create(
                        CultureInfo.InvariantCulture, $"{content.Case}: round {round} of {rounds}: {subject.Name}: {Speed(measurement):0} {SpeedUnit}"));
                });
            }
        }
    }

    public IEnumerable<Row> Rows() => subjects.Where(subject => !_excluded.ContainsKey(subject)).SelectMany(RowsOf);

    public string Table()
    {
        var table = new Table(
            "subject", $"{SpeedUnit} (min–max)", RatioUnit, content.IsLarge ? CpuUnit : CpuUnit + " of both sides", $"{MemoryUnit} of the largest process");
        foreach (var subject in subjects)
        {
            if (_excluded.TryGetValue(subject, out var reason))
            {
                table.Add(subject.Name, reason);
                continue;
            }

            var rows = RowsOf(subject).ToDictionary(row => row.Unit);
            var speed = rows[SpeedUnit];
            table.Add(
                subject.Name,
                string.Create(CultureInfo.InvariantCulture, $"{speed.Median:0} ({speed.Min:0}–{speed.Max:0})"),
                rows.TryGetValue(RatioUnit, out var ratio) ? ratio.Median.ToString("0.00", CultureInfo.InvariantCulture) : "",
                rows[CpuUnit].Median.ToString("0.00", CultureInfo.InvariantCulture),
                rows[MemoryUnit].Max.ToString("0", CultureInfo.InvariantCulture));
        }

        return table.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var subject in subjects)
        {
            await subject.DisposeAsync();
        }
    }

    private string SpeedUnit => content.IsLarge ? "MB/s" : "files/s";

    private string RatioUnit => $"× {reference}";

    private string CpuUnit => content.IsLarge ? "CPU s/GiB" : "CPU s";

    private static string MemoryUnit => "peak MB";

    private double Speed(Measurement measurement) => (content.IsLarge ? content.Size / 1e6 : content.Names.Count) / measurement.Seconds;

    private IEnumerable<Row> RowsOf(Subject subject)
    {
        var own = _measurements[subject];
        yield return Row.Of(content.Case, subject.Name, SpeedUnit, [.. own.Select(Speed)]);
        // A reference that failed in between has no figure for every round, and one that was not asked for has none.
        if (subjects.FirstOrDefault(other => other.Name == reference) is { } against && _measurements[against].Count == own.Count)
        {
            yield return Row.Of(content.Case, subject.Name, RatioUnit, [.. own.Zip(_measurements[against], (a, b) => b.Seconds / a.Seconds)]);
        }

        var share = content.IsLarge ? content.Size / (double)ByteSize.Gibibyte : 1;
        yield return Row.Of(content.Case, subject.Name, CpuUnit, [.. own.Select(measurement => measurement.CpuSeconds / share)]);
        yield return Row.Of(content.Case, subject.Name, MemoryUnit, [subject.Processes.PeakMemory / 1e6]);
    }

    private async Task<Measurement> RunOnceAsync(Subject subject, WorkFolder work, CancellationToken cancellationToken)
    {
        // A torrent of a folder names the folder.
        var received = work.Make("received");
        var folder = Path.Combine(received, Path.GetFileName(content.Folder));
        try
        {
            Measurement measurement;
            try
            {
                await subject.PrepareAsync(cancellationToken);
                using var ballast = Ballast.Take(work.Path, Math.Max(content.Size, LeastBallast));
                measurement = await Measurement.TakeAsync(subject, content, folder, cancellationToken);
            }
            finally
            {
                await subject.EndRoundAsync();
            }

            content.Verify(folder, thoroughly: _verified.Add(subject));
            return measurement;
        }
        finally
        {
            // A file system looks for a long time at what was just deleted before it gives a new file its place: many small
            // files are deleted when all is over.
            if (content.IsLarge)
            {
                Directory.Delete(received, recursive: true);
            }
            else
            {
                Directory.Move(received, Path.Combine(work.Make("done"), Path.GetRandomFileName()));
            }
        }
    }

    // One subject that fails does not cost the figures of the others.
    private async Task GuardAsync(Subject subject, Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (BenchException e)
        {
            Console.Error.WriteLine($"{content.Case}: {subject.Name} failed: {e.Message}");
            _excluded[subject] = "failed";
            Succeeded = false;
        }
    }
}
