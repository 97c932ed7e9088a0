using System.Globalization;
using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Hashing;

/// <summary>The ways to hash beside openssl, once each in every round and in random order: ratios are of one round.</summary>
internal sealed class Contest
{
    private const string Case = "hashing";
    private const string SpeedUnit = "MB/s";
    private const string RatioUnit = "× openssl speed";

    private static readonly string Reference =
        string.Create(CultureInfo.InvariantCulture, $"openssl speed sha256 -multi {Environment.ProcessorCount}");

    // Bytes a second of each round; the list of a subject that cannot run stays empty.
    private readonly Dictionary<string, List<double>> _speeds =
        HashPath.All.Select(way => way.Subject).Append(Reference).ToDictionary(subject => subject, _ => new List<double>());

    public async Task RunAsync(string file, int rounds, CancellationToken cancellationToken)
    {
        var size = new FileInfo(file).Length;
        var openssl = InstalledProgram.Find("openssl");
        var runs = HashPath.All.Select(way => (way.Subject, Run: (Func<Task<double?>>)(async () => size / await way.RunAsync(file, cancellationToken))))
            .Append((Reference, async () => openssl is null ? null : await OpenSslSpeed.RunAsync(openssl, Environment.ProcessorCount, cancellationToken)))
            .ToArray();
        for (var round = 1; round <= rounds; round++)
        {
            Random.Shared.Shuffle(runs);
            foreach (var (subject, run) in runs)
            {
                if (await run() is { } speed)
                {
                    _speeds[subject].Add(speed);
                    Console.Error.WriteLine(string.Create(
                        CultureInfo.InvariantCulture, $"round {round} of {rounds}: {subject}: {speed / 1e6:0} {SpeedUnit}"));
                }
            }
        }
    }

    public IEnumerable<Row> Rows() => _speeds.Keys.SelectMany(RowsOf);

    public string Table()
    {
        var table = new Table("subject", $"{SpeedUnit} (min–max)", RatioUnit);
        foreach (var subject in _speeds.Keys)
        {
            var rows = RowsOf(subject).ToDictionary(row => row.Unit);
            if (!rows.TryGetValue(SpeedUnit, out var speed))
            {
                table.Add(subject, subject == Reference ? "not installed" : "not supported by this processor");
                continue;
            }

            table.Add(
                subject,
                string.Create(CultureInfo.InvariantCulture, $"{speed.Median:0} ({speed.Min:0}–{speed.Max:0})"),
                rows.TryGetValue(RatioUnit, out var ratio) ? ratio.Median.ToString("0.00", CultureInfo.InvariantCulture) : "");
        }

        return table.ToString();
    }

    private IEnumerable<Row> RowsOf(string subject)
    {
        var own = _speeds[subject];
        if (own.Count > 0)
        {
            yield return Row.Of(Case, subject, SpeedUnit, [.. own.Select(speed => speed / 1e6)]);
            if (_speeds[Reference].Count > 0)
            {
                yield return Row.Of(Case, subject, RatioUnit, [.. own.Zip(_speeds[Reference], (a, b) => a / b)]);
            }
        }
    }
}
