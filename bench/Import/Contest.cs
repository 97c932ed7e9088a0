using System.Globalization;
using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Import;

/// <summary>Both modules in turn, each in a process of its own.</summary>
internal sealed class Contest
{
    private const string Unit = "ms";
    private const string MoreUnit = "ms more";
    private const string RatioUnit = "× empty binary module";

    private static readonly string[] Cases = ["Import-Module", "Import-Module and a first command"];

    private readonly Dictionary<Subject, List<double>[]> _times = new()
    {
        [Subject.Empty] = [[], []],
        [Subject.P2PShare] = [[], []],
    };

    public async Task RunAsync(string pwsh, int rounds, CancellationToken cancellationToken)
    {
        // Round 0 brings the files into the page cache.
        for (var round = 0; round <= rounds; round++)
        {
            foreach (var (subject, times) in _times)
            {
                var (import, first) = await subject.MeasureAsync(pwsh, cancellationToken).ConfigureAwait(false);
                if (round > 0)
                {
                    times[0].Add(import);
                    times[1].Add(first);
                }
            }
        }
    }

    public IEnumerable<Row> Rows() => Cases.SelectMany((name, @case) => _times.Keys.SelectMany(subject => RowsOf(name, @case, subject)));

    public string Table()
    {
        var table = new Table("subject", $"{Unit} (min–max)", MoreUnit, RatioUnit);
        for (var @case = 0; @case < Cases.Length; @case++)
        {
            foreach (var subject in _times.Keys)
            {
                var rows = RowsOf(Cases[@case], @case, subject).ToDictionary(row => row.Unit);
                var (own, more) = (rows[Unit], rows[MoreUnit]);
                table.Add(
                    $"{subject.Name}: {Cases[@case]}",
                    string.Create(CultureInfo.InvariantCulture, $"{own.Median:0} ({own.Min:0}–{own.Max:0})"),
                    more.Median.ToString("0", CultureInfo.InvariantCulture),
                    rows[RatioUnit].Median.ToString("0.00", CultureInfo.InvariantCulture));
            }
        }

        return table.ToString();
    }

    private IEnumerable<Row> RowsOf(string name, int @case, Subject subject)
    {
        var own = _times[subject][@case];
        var empty = _times[Subject.Empty][@case];
        yield return Row.Of(name, subject.Name, Unit, own);
        yield return Row.Of(name, subject.Name, MoreUnit, [.. own.Zip(empty, (a, b) => a - b)]);
        yield return Row.Of(name, subject.Name, RatioUnit, [.. own.Zip(empty, (a, b) => a / b)]);
    }
}
