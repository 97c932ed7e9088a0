using System.Globalization;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Swarm;

/// <summary>
/// Machines on one bridge, each in a network namespace. What a machine sends and what it receives are limited separately, by a
/// token bucket at each end of its link. Nothing of it is left behind.
/// </summary>
internal sealed class Network : IAsyncDisposable
{
    // A machine's own end of its link.
    private const string LinkName = "eth0";

    // A token bucket of 6 ms at 20 Mbit/s: small beside what is measured; on fast links of 1 ms, as the kernel looks at it no more often than that.
    // A queue of 50 ms is what a good router has.
    private const double LeastBurst = 16;
    private const string Latency = "50ms";

    private readonly string _prefix = $"p2p{Random.Shared.Next(0x10000).ToString("x4", CultureInfo.InvariantCulture)}";
    private readonly NetworkSpaces _spaces = new();
    private int _count;

    // Waits in the bridge's namespace for the end of its input, so that the kernel shows the counters of that namespace under its id.
    private Child? _inBridge;

    private string Bridge => $"{_prefix}-br";

    public static async Task<Network> CreateAsync()
    {
        var network = new Network();
        try
        {
            await network._spaces.AddAsync(network.Bridge);
            await IpAsync(network.Bridge, "link", "add", "br0", "type", "bridge");
            await IpAsync(network.Bridge, "link", "set", "br0", "up");
            network._inBridge = Child.Start("ip", ["netns", "exec", network.Bridge, "cat"]);
            // It answers from there.
            await network._inBridge.AskAsync("", CancellationToken.None);
            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    /// <param name="megabits">Mbit/s each way; null: no limit.</param>
    public async Task<Host> AddAsync(double? megabits)
    {
        var number = ++_count;
        var space = $"{_prefix}-{number}";
        var port = $"port{number}";
        var address = $"10.77.{number / 250}.{number % 250 + 1}";
        await _spaces.AddAsync(space);
        await IpAsync(space, "link", "add", LinkName, "type", "veth", "peer", "name", port, "netns", Bridge);
        await IpAsync(Bridge, "link", "set", port, "master", "br0", "up");
        await IpAsync(space, "address", "add", $"{address}/16", "dev", LinkName);
        await IpAsync(space, "link", "set", LinkName, "up");
        await IpAsync(space, "link", "set", "lo", "up");
        if (megabits is { } rate)
        {
            await LimitAsync(space, LinkName, rate);
            await LimitAsync(Bridge, port, rate);
        }

        return new Host(this, space, address, port);
    }

    /// <summary>What the bridge received and sent on one of its ports so far.</summary>
    public (Traffic Received, Traffic Sent) ReadCounters(string port)
    {
        // Two lines of titles, then "port1: bytes packets errs drop fifo frame compressed multicast bytes …".
        var line = File.ReadLines($"/proc/{_inBridge!.Id}/net/dev").FirstOrDefault(line => line.TrimStart().StartsWith(port + ":", StringComparison.Ordinal))
            ?? throw new BenchException($"The bridge has no port '{port}'.");
        var numbers = line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return (Read(0), Read(8));

        Traffic Read(int first) => new(long.Parse(numbers[first], CultureInfo.InvariantCulture), long.Parse(numbers[first + 1], CultureInfo.InvariantCulture));
    }

    public async ValueTask DisposeAsync()
    {
        if (_inBridge is not null)
        {
            await _inBridge.DisposeAsync();
        }

        await _spaces.DisposeAsync();
    }

    private static Task<string> LimitAsync(string space, string device, double megabits) => NetworkSpaces.RunIpAsync(
        "netns", "exec", space, "tc", "qdisc", "add", "dev", device, "root", "tbf",
        "rate", $"{(megabits * 1000).ToString("0", CultureInfo.InvariantCulture)}kbit",
        "burst", $"{Math.Max(LeastBurst, megabits / 8).ToString("0", CultureInfo.InvariantCulture)}kb", "latency", Latency);

    private static Task<string> IpAsync(string space, params string[] arguments) => NetworkSpaces.RunIpAsync(["-n", space, .. arguments]);
}
