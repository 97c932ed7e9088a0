using System.Globalization;

namespace P2PShare.Bench.Swarm;

/// <summary>
/// Machines on one bridge, each in a network namespace. What a machine sends and what it receives are limited separately, by a
/// token bucket at each end of its link. Nothing of it is left behind.
/// </summary>
internal sealed class Network : IAsyncDisposable
{
    /// <summary>A machine's own end of its link.</summary>
    public const string LinkName = "eth0";

    // A token bucket of 6 ms at 20 Mbit/s: small beside what is measured. A queue of 50 ms is what a good router has.
    private const string Burst = "16kb";
    private const string Latency = "50ms";

    private readonly string _prefix = $"p2p{Random.Shared.Next(0x10000).ToString("x4", CultureInfo.InvariantCulture)}";
    private readonly List<string> _spaces = [];
    private int _count;

    private string Bridge => $"{_prefix}-br";

    /// <summary>The same link for every machine but those without limit, in Mbit/s.</summary>
    public static async Task<Network> CreateAsync()
    {
        var network = new Network();
        try
        {
            await network.AddSpaceAsync(network.Bridge);
            await IpAsync(network.Bridge, "link", "add", "br0", "type", "bridge");
            await IpAsync(network.Bridge, "link", "set", "br0", "up");
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
        await AddSpaceAsync(space);
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

        return new Host(space, address);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var space in _spaces)
        {
            try
            {
                // Its links go with it.
                await Command.RunAsync("ip", "netns", "delete", space);
            }
            catch (InvalidOperationException e)
            {
                await Console.Error.WriteLineAsync(e.Message);
            }
        }

        _spaces.Clear();
    }

    private static Task<string> LimitAsync(string space, string device, double megabits) => Command.RunAsync(
        "ip", "netns", "exec", space, "tc", "qdisc", "add", "dev", device, "root", "tbf",
        "rate", $"{(megabits * 1000).ToString("0", CultureInfo.InvariantCulture)}kbit", "burst", Burst, "latency", Latency);

    private static Task<string> IpAsync(string space, params string[] arguments) => Command.RunAsync("ip", ["-n", space, .. arguments]);

    private async Task AddSpaceAsync(string space)
    {
        await Command.RunAsync("ip", "netns", "add", space);
        _spaces.Add(space);
    }
}
