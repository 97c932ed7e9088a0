using System.Globalization;
using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Line;

/// <summary>Two machines, each a network namespace, and the line between them: see <see cref="ForwarderRole"/>. Nothing of it is left behind.</summary>
internal sealed class FatLine : IAsyncDisposable
{
    /// <summary>Of an IP packet, in bytes: that of Ethernet.</summary>
    public const int Mtu = 1500;

    private const string Network = "10.78.0.0/30";

    // Only the line's own queue drops packets.
    private const int DeviceQueue = 20000;

    // Drops one packet of so many in so many.
    private const int LossScale = 10000;

    private readonly NetworkSpaces _spaces = new();
    private readonly string _prefix = $"p2p{Random.Shared.Next(0x10000).ToString("x4", CultureInfo.InvariantCulture)}";
    private readonly double _loss;
    private Child? _forwarder;

    // Waits in the receiver's namespace, so that the kernel shows the connections of that namespace under its id.
    private Child? _inReceiver;

    private FatLine(double loss)
    {
        _loss = loss;
        Source = new Machine("10.78.0.1", "ip", "netns", "exec", SourceSpace);
        Receiver = new Machine("10.78.0.2", "ip", "netns", "exec", ReceiverSpace);
    }

    /// <summary>The machine that has the file.</summary>
    public Machine Source { get; }

    public Machine Receiver { get; }

    private string SourceSpace => $"{_prefix}-source";

    private string ReceiverSpace => $"{_prefix}-receiver";

    /// <param name="megabits">Mbit/s each way; 0: no limit.</param>
    /// <param name="delay">There and back.</param>
    /// <param name="loss">Per cent of the packets, each way.</param>
    /// <param name="congestion">The algorithm of congestion control.</param>
    public static async Task<FatLine> CreateAsync(double megabits, TimeSpan delay, double loss, string congestion)
    {
        var line = new FatLine(loss);
        try
        {
            await line._spaces.AddAsync(line.SourceSpace);
            await line._spaces.AddAsync(line.ReceiverSpace);
            line._forwarder = Machine.Local.StartRole(
                [
                    ForwarderRole.Name, line.SourceSpace, line.ReceiverSpace,
                    (megabits > 0 ? megabits * 1e6 / 8 : double.PositiveInfinity).ToString("R", CultureInfo.InvariantCulture),
                    delay.TotalMilliseconds.ToString("R", CultureInfo.InvariantCulture),
                ],
                new Dictionary<string, string> { ["DOTNET_TieredCompilation"] = "0", ["DOTNET_gcServer"] = "0" });
            await line._forwarder.ReadLineAsync(CancellationToken.None);
            await SetUpAsync(line.SourceSpace, line.Source, congestion);
            await SetUpAsync(line.ReceiverSpace, line.Receiver, congestion);
            line._inReceiver = line.Receiver.Start("cat", []);
            // It answers from there.
            await line._inReceiver.AskAsync("", CancellationToken.None);
            return line;
        }
        catch
        {
            await line.DisposeAsync();
            throw;
        }
    }

    /// <summary>Lets packets be lost, or all arrive, from now on. Both machines drop what arrives, by chance.</summary>
    public async Task SetLossAsync(bool isLossy)
    {
        foreach (var machine in new[] { Source, Receiver })
        {
            await machine.RunAsync("nft", "flush", "ruleset");
            if (isLossy && _loss > 0)
            {
                await machine.RunAsync("nft", "add", "table", "ip", "line");
                await machine.RunAsync("nft", "add", "chain", "ip", "line", "in", "{ type filter hook prerouting priority -300; }");
                await machine.RunAsync(
                    "nft", "add", "rule", "ip", "line", "in", "iifname", ForwarderRole.Device,
                    "numgen", "random", "mod", $"{LossScale}", "<", ((int)Math.Round(_loss * LossScale / 100)).ToString(CultureInfo.InvariantCulture), "drop");
            }
        }
    }

    /// <summary>TCP connections over IPv4 that the receiver has with the source at one of its ports now.</summary>
    /// <param name="except">A port of the source whose connections do not count.</param>
    public int CountConnections(int except)
    {
        // "sl: local remote state …", addresses and ports in hexadecimal, the address in the order of the processor.
        const string Established = "01";
        var octets = Source.Address.Split('.').Select(octet => byte.Parse(octet, CultureInfo.InvariantCulture)).ToArray();
        var address = $"{BitConverter.ToUInt32(octets):X8}:";
        return File.ReadLines($"/proc/{_inReceiver!.Id}/net/tcp").Skip(1)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Count(fields => fields[2].StartsWith(address, StringComparison.Ordinal) && fields[2] != $"{address}{except:X4}" && fields[3] == Established);
    }

    /// <summary>Packets that the source has sent so far, and those for which the line's queue had no room.</summary>
    public Task<string> ReadPacketsAsync(CancellationToken cancellationToken) => _forwarder!.AskAsync("", cancellationToken);

    public async ValueTask DisposeAsync()
    {
        foreach (var child in new[] { _inReceiver, _forwarder })
        {
            if (child is not null)
            {
                await child.DisposeAsync();
            }
        }

        await _spaces.DisposeAsync();
    }

    private static async Task IpAsync(string space, params string[] arguments) => await NetworkSpaces.RunIpAsync(["-n", space, .. arguments]);

    private static async Task SetUpAsync(string space, Machine machine, string congestion)
    {
        await IpAsync(space, "link", "set", "lo", "up");
        await IpAsync(space, "address", "add", $"{machine.Address}/30", "dev", ForwarderRole.Device);
        await IpAsync(space, "link", "set", ForwarderRole.Device, "mtu", $"{Mtu}", "txqueuelen", $"{DeviceQueue}", "up");
        // By the route: a namespace may choose as its default only what the system allows every user.
        await IpAsync(space, "route", "replace", Network, "dev", ForwarderRole.Device, "src", machine.Address, "congctl", congestion);
        // Nothing that one subject's connections learned helps or hurts the next one's.
        await machine.RunAsync("sh", "-c", "echo 1 > /proc/sys/net/ipv4/tcp_no_metrics_save");
    }
}
