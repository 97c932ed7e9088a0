using System.Globalization;
using P2PShare.Bench.Line.Subjects;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Transfer;

namespace P2PShare.Bench.Line;

/// <summary>Every subject over a line of each delay, with each algorithm of congestion control.</summary>
internal sealed class Comparison(Plan plan)
{
    private const string P2PShare = "p2pshare";
    private const string Plain = "curl, no loss";
    private const string Curl = "curl";
    private const string ParallelCurl = "curl x8";
    private const string Libtorrent = "libtorrent";
    private const int Parts = 8;
    private const int FirstNginxPort = 8080;

    private const string SpeedUnit = "MB/s";
    private const string RatioUnit = "× best of curl x8 and libtorrent";
    private const string CpuUnit = "CPU s";
    private const string ConnectionsUnit = "connections";

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    private readonly Figures _figures = new();
    private readonly Table _table = new(["line", "subject", "MB/s (min–max)", RatioUnit, CpuUnit, ConnectionsUnit, .. Figures.UsageColumns]);
    private readonly List<Row> _rows = [];

    public static IReadOnlyList<string> AllSubjects { get; } = [Plain, Curl, ParallelCurl, Libtorrent, P2PShare];

    public IReadOnlyList<Row> Rows => _rows;

    public bool Succeeded { get; private set; } = true;

    /// <summary>What has been measured so far.</summary>
    public string Table() => _table.ToString();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var work = new WorkFolder();
        var content = Content.CreateLarge(work.Make("files"), plan.Size, cancellationToken);
        var carried = await MeasureCarriedAsync(content, work, cancellationToken);
        var rate = plan.Megabits > 0 ? Math.Min(plan.Megabits, carried) : carried;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{new ByteSize(plan.Size)} over a line of {rate:0} Mbit/s each way, MTU {FatLine.Mtu}, {plan.Loss} % of the packets lost each way, medians of {plan.Rounds} rounds; "
            + $"without limit, delay and loss {ProcessorModel.Read()} carry {carried:0} Mbit/s of one plain TCP connection; {TcpSettings.Buffers}"));
        Console.WriteLine();
        foreach (var congestion in plan.Congestion)
        {
            foreach (var delay in plan.Delays)
            {
                await RunAsync($"{delay} ms, {congestion}", rate, TimeSpan.FromMilliseconds(delay), congestion, content, work, cancellationToken);
            }
        }
    }

    // What the cores carry when they do little else.
    private static async Task<double> MeasureCarriedAsync(Content content, WorkFolder work, CancellationToken cancellationToken)
    {
        await using var line = await FatLine.CreateAsync(megabits: 0, TimeSpan.Zero, loss: 0, TcpSettings.Congestion);
        await using var curl = new CurlSubject(Plain, line, FirstNginxPort, connections: 1, isLossy: false);
        if (!await curl.IsInstalledAsync(cancellationToken))
        {
            throw new BenchException("curl and nginx, which measure what the line carries, are not installed.");
        }

        await curl.StartAsync(content, work.Make("carried"), cancellationToken);
        var received = Path.Combine(work.Make("received"), "files");
        var measurement = await Measurement.TakeAsync(curl, content, received, cancellationToken);
        Directory.Delete(received, recursive: true);
        return content.Size * 8 / 1e6 / measurement.Seconds;
    }

    private async Task RunAsync(
        string @case, double rate, TimeSpan delay, string congestion, Content content, WorkFolder work, CancellationToken cancellationToken)
    {
        await using var line = await FatLine.CreateAsync(rate, delay, plan.Loss, congestion);
        LineSubject[] all =
        [
            new CurlSubject(Plain, line, FirstNginxPort, connections: 1, isLossy: false),
            new CurlSubject(Curl, line, FirstNginxPort + 1, connections: 1),
            new CurlSubject(ParallelCurl, line, FirstNginxPort + 2, Parts),
            new LibtorrentSubject(Libtorrent, line),
            new P2PShareSubject(P2PShare, line),
        ];
        var subjects = all.Where(subject => plan.Subjects.Contains(subject.Name)).ToArray();
        var rounds = new Rounds([.. subjects.Select(subject => subject.Name)]);
        try
        {
            foreach (var (index, subject) in subjects.Index())
            {
                await rounds.TryAsync(
                    subject.Name, () => StartAsync(subject, rounds, content, work.Make($"{delay.TotalMilliseconds}-{congestion}-{index}"), cancellationToken), cancellationToken);
            }

            await rounds.RunAsync(
                plan.Rounds,
                (name, round) => RunOnceAsync(line, @case, subjects.Single(subject => subject.Name == name), round, content, work, cancellationToken),
                cancellationToken);
        }
        finally
        {
            Succeeded &= rounds.Succeeded;
            Add(@case, rounds);
            foreach (var subject in subjects)
            {
                await subject.DisposeAsync();
            }
        }
    }

    private static async Task StartAsync(LineSubject subject, Rounds rounds, Content content, string folder, CancellationToken cancellationToken)
    {
        if (await subject.IsInstalledAsync(cancellationToken))
        {
            await subject.StartAsync(content, folder, cancellationToken);
        }
        else
        {
            rounds.Exclude(subject.Name, "not installed");
        }
    }

    private async Task RunOnceAsync(
        FatLine line, string @case, LineSubject subject, int round, Content content, WorkFolder work, CancellationToken cancellationToken)
    {
        // A torrent of a file takes the folder as it is.
        var received = work.Make("received");
        var folder = Path.Combine(received, "files");
        using var ended = new CancellationTokenSource();
        try
        {
            Measurement measurement;
            var connections = 0;
            string packets;
            try
            {
                await line.SetLossAsync(isLossy: false);
                await subject.PrepareAsync(cancellationToken);
                await line.SetLossAsync(subject.IsLossy);
                var before = await line.ReadPacketsAsync(cancellationToken);
                using var ballast = Ballast.Take(work.Path, content.Size);
                var counting = CountAsync();
                try
                {
                    measurement = await Measurement.TakeAsync(subject, content, folder, cancellationToken);
                }
                finally
                {
                    await ended.CancelAsync();
                    await counting;
                }

                packets = $"{before} → {await line.ReadPacketsAsync(cancellationToken)}";
            }
            finally
            {
                await subject.EndRoundAsync();
            }

            content.Verify(folder, thoroughly: true);
            var speed = content.Size / 1e6 / measurement.Seconds;
            _figures.Add(@case, subject.Name, SpeedUnit, speed);
            _figures.Add(@case, subject.Name, CpuUnit, measurement.Usage.Processor);
            _figures.Add(@case, subject.Name, ConnectionsUnit, connections);
            _figures.Add(@case, subject.Name, measurement.Usage);
            await Console.Error.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"{@case}: round {round} of {plan.Rounds}: {subject.Name}: {speed:0.0} MB/s, {connections} connections; packets sent and dropped by the queue: {packets}"));

            async Task CountAsync()
            {
                while (!ended.IsCancellationRequested)
                {
                    connections = Math.Max(connections, line.CountConnections(subject.OtherPort));
                    await Task.Delay(LookInterval, ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            }
        }
        finally
        {
            Directory.Delete(received, recursive: true);
        }
    }

    private void Add(string @case, Rounds rounds)
    {
        var speeds = new[] { ParallelCurl, Libtorrent }.Select(subject => _figures.Values(@case, subject, SpeedUnit)).ToArray();
        var count = speeds.Max(values => values.Count);
        // Round by round; one that failed or is not installed has no values.
        double[] best = [.. Enumerable.Range(0, count).Select(round => speeds.Where(values => values.Count == count).Max(values => values[round]))];
        _figures.Compare(@case, SpeedUnit, RatioUnit, best, (own, other) => own / other);
        foreach (var subject in rounds.Subjects)
        {
            if (rounds.ReasonOf(subject) is { } reason)
            {
                _table.Add(@case, subject, reason);
            }
            else if (_figures.Values(@case, subject, SpeedUnit).Count > 0)
            {
                _rows.AddRange(_figures.Rows(@case, subject));
                _table.Add(
                    [
                        @case, subject, _figures.MedianAndRange(@case, subject, SpeedUnit, "0.0"), count == 0 ? "" : _figures.Median(@case, subject, RatioUnit, "0.00"),
                        _figures.Median(@case, subject, CpuUnit, "0.00"), _figures.Median(@case, subject, ConnectionsUnit, "0"), .. _figures.UsageCells(@case, subject),
                    ]);
            }
        }
    }
}
