using System.Globalization;
using System.Security.Cryptography;
using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Swarm;

/// <summary>Runs every subject in every case, and prints one line for each.</summary>
internal sealed class Lab(Settings settings)
{
    private readonly List<Row> _rows = [];

    public async Task<IReadOnlyList<Row>> RunAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("p2pshare-swarm-").FullName;
        await using var network = await Network.CreateAsync();
        try
        {
            var content = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "content")).FullName, "content.bin");
            await MakeContentAsync(content, cancellationToken);
            var tracker = await network.AddAsync(null);
            var hosts = new List<Host>();
            for (var i = 0; i <= settings.Receivers.Max(); i++)
            {
                hosts.Add(await network.AddAsync(settings.Rate));
            }

            var linkRate = await LinkRate.MeasureAsync(hosts[0], hosts[1], cancellationToken);
            var load = await LoadAsync(cancellationToken);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{settings.Size / 1048576.0:0.#} MiB, links of {settings.Rate:0.#} Mbit/s each way that carry {linkRate * 8 / 1e6:0.00} Mbit/s of one plain TCP connection; {settings.Rounds} rounds; load average {load}"));
            Console.WriteLine();
            Console.WriteLine("| case | subject | N | seconds (min–max) | × fluid limit | survivors complete |");
            Console.WriteLine("| --- | --- | --: | --- | --: | --- |");
            foreach (var @case in settings.Cases)
            {
                foreach (var receivers in settings.Receivers)
                {
                    // Taken in turn, so that a slow minute of the machine hits all.
                    var subjects = settings.Subjects.Where(subject => subject != "nginx" || @case == Case.All).ToArray();
                    var rounds = subjects.ToDictionary(subject => subject, _ => new List<Round>());
                    for (var i = 0; i < settings.Rounds; i++)
                    {
                        foreach (var subject in subjects.OrderBy(_ => Random.Shared.Next()))
                        {
                            rounds[subject].Add(await RunAsync(subject, @case, tracker, [.. hosts.Take(receivers + 1)], content, folder, linkRate, cancellationToken));
                        }
                    }

                    foreach (var subject in subjects)
                    {
                        Print(@case, subject, receivers, rounds[subject], linkRate);
                    }
                }
            }

            return _rows;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> LoadAsync(CancellationToken cancellationToken) =>
        (await File.ReadAllTextAsync("/proc/loadavg", cancellationToken)).Split(' ')[0];

    private async Task<Round> RunAsync(
        string name, Case @case, Host tracker, Host[] hosts, string content, string folder, double linkRate, CancellationToken cancellationToken)
    {
        var trial = new Trial(tracker, hosts, content, Directory.CreateDirectory(Path.Combine(folder, "round")).FullName);
        try
        {
            using ISubject subject = name switch
            {
                "p2pshare" => new P2PShareSubject(trial),
                "libtorrent" => new LibtorrentSubject(trial),
                "nginx" => new NginxSubject(trial),
                _ => throw new FormatException($"There is no subject '{name}'."),
            };
            var round = await Round.RunAsync(
                subject, @case, trial, linkRate, settings.Rate * 1e6 / 8, FluidLimit(hosts.Length - 1, linkRate), cancellationToken);
            var load = await LoadAsync(cancellationToken);
            await Console.Error.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"{@case} {name} {hosts.Length - 1}: {round.Seconds:0.00} s, {round.Complete}/{round.Survivors}, {round.SharePresent:p1} present, load {load}"));
            return round;
        }
        finally
        {
            Directory.Delete(trial.Folder, recursive: true);
        }
    }

    // max(F/u_seed, F/d_min, N·F/(u_seed + Σu_i)): with equal links the first two are the same, and the last is smaller.
    private double FluidLimit(int receivers, double linkRate) =>
        Math.Max(settings.Size / linkRate, receivers * (settings.Size / (linkRate * (receivers + 1))));

    private void Print(Case @case, string subject, int receivers, List<Round> rounds, double linkRate)
    {
        double[] seconds = [.. rounds.Select(round => round.Seconds).OfType<double>()];
        var completeness = $"{rounds.Sum(round => round.Complete)} of {rounds.Sum(round => round.Survivors)}";
        foreach (var round in rounds.Where(round => round.Complete < round.Survivors))
        {
            completeness += string.Create(CultureInfo.InvariantCulture, $"; {round.Complete} of {round.Survivors} where {round.SharePresent:p2} was there");
        }

        if (seconds.Length == 0)
        {
            Console.WriteLine($"| {@case} | {subject} | {receivers} | not complete | | {completeness} |");
            return;
        }

        var time = Row.Of($"{@case}, N={receivers}", subject, "s", seconds);
        var limit = FluidLimit(receivers, linkRate);
        _rows.Add(time);
        _rows.Add(time with { Unit = "x fluid limit", Median = time.Median / limit, Min = time.Min / limit, Max = time.Max / limit });
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {@case} | {subject} | {receivers} | {time.Median:0.0} ({time.Min:0.0}–{time.Max:0.0}) | {time.Median / limit:0.00} | {completeness} |"));
    }

    private async Task MakeContentAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = File.Create(path);
        for (var left = settings.Size; left > 0;)
        {
            var block = RandomNumberGenerator.GetBytes((int)Math.Min(left, 1 << 20));
            await file.WriteAsync(block, cancellationToken);
            left -= block.Length;
        }
    }
}
