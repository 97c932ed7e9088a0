using System.Globalization;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Transfer.Subjects;

namespace P2PShare.Bench.Transfer;

/// <summary>The subjects of one case.</summary>
internal sealed class Comparison(Content content, IReadOnlyList<Subject> subjects, string reference, int count) : IAsyncDisposable
{
    private const string MemoryUnit = "peak MB";

    // The page cache gets more than the bytes of many small files.
    private const long LeastBallast = 256L << 20;

    private readonly Rounds _rounds = new([.. subjects.Select(subject => subject.Name)]);
    private readonly Figures _figures = new();
    private readonly HashSet<Subject> _verified = [];

    /// <summary>Whether every subject that is installed went through all rounds.</summary>
    public bool Succeeded => _rounds.Succeeded;

    private string SpeedUnit => content.IsLarge ? "MB/s" : "files/s";

    private string RatioUnit => $"× {reference}";

    private string CpuUnit => content.IsLarge ? "CPU s/GiB" : "CPU s";

    public async Task RunAsync(WorkFolder work, CancellationToken cancellationToken)
    {
        foreach (var (index, subject) in subjects.Index())
        {
            Console.Error.WriteLine($"{content.Case}: starting {subject.Name}");
            await _rounds.TryAsync(
                subject.Name,
                () => EndOnFailureAsync(subject, async () =>
                {
                    if (await subject.IsInstalledAsync(cancellationToken))
                    {
                        await subject.StartAsync(content, work.Make($"{content.Case}-{index}"), cancellationToken);
                    }
                    else
                    {
                        _rounds.Exclude(subject.Name, "not installed");
                    }
                }),
                cancellationToken);
        }

        await _rounds.RunAsync(
            count,
            (name, round) =>
            {
                var subject = subjects.Single(subject => subject.Name == name);
                return EndOnFailureAsync(subject, async () =>
                {
                    var speed = Add(subject, await RunOnceAsync(subject, work, cancellationToken));
                    Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{content.Case}: round {round} of {count}: {name}: {speed:0} {SpeedUnit}"));
                });
            },
            cancellationToken);
        foreach (var subject in subjects.Where(subject => _rounds.ReasonOf(subject.Name) is null))
        {
            _figures.Add(content.Case, subject.Name, MemoryUnit, subject.Processes.PeakMemory / 1e6);
        }

        _figures.Compare(content.Case, SpeedUnit, RatioUnit, _figures.Values(content.Case, reference, SpeedUnit), (own, other) => own / other);
    }

    public IEnumerable<Row> Rows() => _rounds.Remaining.SelectMany(subject => _figures.Rows(content.Case, subject));

    public string Table()
    {
        var table = new Table(
            [
                "subject", $"{SpeedUnit} (min–max)", RatioUnit, content.IsLarge ? CpuUnit : CpuUnit + " of both sides", $"{MemoryUnit} of the largest process",
                .. Figures.UsageColumns,
            ]);
        foreach (var subject in _rounds.Subjects)
        {
            if (_rounds.ReasonOf(subject) is { } reason)
            {
                table.Add(subject, reason);
                continue;
            }

            table.Add(
                [
                    subject,
                    _figures.MedianAndRange(content.Case, subject, SpeedUnit, "0"),
                    _figures.Median(content.Case, subject, RatioUnit, "0.00"),
                    _figures.Median(content.Case, subject, CpuUnit, "0.00"),
                    _figures.Median(content.Case, subject, MemoryUnit, "0"),
                    .. _figures.UsageCells(content.Case, subject),
                ]);
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

    // The processes of one that failed would disturb the others.
    private static async Task EndOnFailureAsync(Subject subject, Func<Task> action)
    {
        try
        {
            await action();
        }
        catch
        {
            await subject.DisposeAsync();
            throw;
        }
    }

    private double Add(Subject subject, Measurement measurement)
    {
        var speed = (content.IsLarge ? content.Size / 1e6 : content.Names.Count) / measurement.Seconds;
        _figures.Add(content.Case, subject.Name, SpeedUnit, speed);
        _figures.Add(content.Case, subject.Name, CpuUnit, measurement.Usage.Processor / (content.IsLarge ? content.Size / (double)ByteSize.Gibibyte : 1));
        _figures.Add(content.Case, subject.Name, measurement.Usage);
        return speed;
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
}
