using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Import;

/// <summary>Both modules, each in a process of its own.</summary>
internal sealed class Comparison(PowerShellProgram powerShell)
{
    private const string EmptyModule = "empty binary module";
    private const string OwnModule = "p2pshare";
    private const string Unit = "ms";
    private const string MoreUnit = "ms more";
    private const string RatioUnit = $"× {EmptyModule}";
    private const string ImportCase = "Import-Module";
    private const string FirstCase = "Import-Module and a first command";

    private static readonly string[] Cases = [ImportCase, FirstCase];

    private readonly Dictionary<string, Subject> _subjects = new()
    {
        [EmptyModule] = new(Repository.EmptyModule, "Get-Nothing"),
        [OwnModule] = new(Repository.Module, "Get-P2PSession"),
    };
    private readonly Rounds _rounds = new([EmptyModule, OwnModule]);
    private readonly Figures _figures = new();

    public bool Succeeded => _rounds.Succeeded;

    public async Task RunAsync(int count, CancellationToken cancellationToken)
    {
        // The first round brings the files into the page cache.
        await _rounds.RunAsync(
            count + 1,
            async (name, round) =>
            {
                var (import, first, usage) = await _subjects[name].MeasureAsync(powerShell, cancellationToken);
                if (round > 1)
                {
                    _figures.Add(ImportCase, name, Unit, import);
                    _figures.Add(FirstCase, name, Unit, first);
                    _figures.Add(FirstCase, name, usage);
                }
            },
            cancellationToken);
        foreach (var @case in Cases)
        {
            var empty = _figures.Values(@case, EmptyModule, Unit);
            _figures.Compare(@case, Unit, MoreUnit, empty, (own, other) => own - other);
            _figures.Compare(@case, Unit, RatioUnit, empty, (own, other) => own / other);
        }
    }

    public IEnumerable<Row> Rows() => Cases.SelectMany(@case => _rounds.Remaining.SelectMany(subject => _figures.Rows(@case, subject)));

    public string Table()
    {
        var table = new Table(["subject", $"{Unit} (min–max)", MoreUnit, RatioUnit, .. Figures.UsageColumns]);
        foreach (var @case in Cases)
        {
            foreach (var subject in _rounds.Subjects)
            {
                var title = $"{subject}: {@case}";
                if (_rounds.ReasonOf(subject) is { } reason)
                {
                    table.Add(title, reason);
                    continue;
                }

                table.Add(
                    [
                        title,
                        _figures.MedianAndRange(@case, subject, Unit, "0"),
                        _figures.Median(@case, subject, MoreUnit, "0"),
                        _figures.Median(@case, subject, RatioUnit, "0.00"),
                        .. _figures.UsageCells(@case, subject),
                    ]);
            }
        }

        return table.ToString();
    }
}
