using System.Globalization;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Hashing;

/// <summary>The ways to hash, beside openssl.</summary>
internal sealed class Comparison(string file, long size)
{
    private const string Case = "hashing";
    private const string SpeedUnit = "MB/s";
    private const string RatioUnit = "× openssl speed";
    private const string NotInstalled = "not installed";
    private const string NotSupported = "not supported by this processor";

    private static readonly string Reference =
        string.Create(CultureInfo.InvariantCulture, $"openssl speed sha256 -multi {Environment.ProcessorCount}");

    private readonly Rounds _rounds = new([.. HashPath.All.Select(path => path.Subject), Reference]);
    private readonly Figures _figures = new();

    public bool Succeeded => _rounds.Succeeded;

    public async Task RunAsync(int count, CancellationToken cancellationToken)
    {
        var openssl = InstalledProgram.Find("openssl");
        if (openssl is null)
        {
            _rounds.Exclude(Reference, NotInstalled);
        }

        await _rounds.RunAsync(
            count,
            async (subject, round) =>
            {
                var result = subject == Reference
                    ? await OpenSslSpeed.RunAsync(openssl!, Environment.ProcessorCount, cancellationToken)
                    : await HashAsync(HashPath.All.Single(path => path.Subject == subject), cancellationToken);
                if (result is not var (speed, usage))
                {
                    _rounds.Exclude(subject, NotSupported);
                    return;
                }

                _figures.Add(Case, subject, SpeedUnit, speed / 1e6);
                _figures.Add(Case, subject, usage);
                await Console.Error.WriteLineAsync(string.Create(
                    CultureInfo.InvariantCulture, $"round {round} of {count}: {subject}: {speed / 1e6:0} {SpeedUnit}"));
            },
            cancellationToken);
        _figures.Compare(Case, SpeedUnit, RatioUnit, _figures.Values(Case, Reference, SpeedUnit), (own, other) => own / other);
    }

    public IEnumerable<Row> Rows() => _rounds.Remaining.SelectMany(subject => _figures.Rows(Case, subject));

    public string Table()
    {
        var table = new Table(["subject", $"{SpeedUnit} (min–max)", RatioUnit, .. Figures.UsageColumns]);
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
                    _figures.MedianAndRange(Case, subject, SpeedUnit, "0"),
                    _figures.Median(Case, subject, RatioUnit, "0.00"),
                    .. _figures.UsageCells(Case, subject),
                ]);
        }

        return table.ToString();
    }

    private async Task<(double Speed, Usage Usage)?> HashAsync(HashPath path, CancellationToken cancellationToken) =>
        await path.RunAsync(file, cancellationToken) is var (seconds, usage) ? (size / seconds, usage) : null;
}
