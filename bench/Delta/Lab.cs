using P2PShare.Bench.Swarm;

namespace P2PShare.Bench.Delta;

/// <summary>The machines: one that has the new version, and those that want it.</summary>
/// <param name="Tracker">A machine without limit.</param>
/// <param name="Seed">The machine that has the new version.</param>
internal sealed record Lab(Network Network, Host Tracker, Host Seed, IReadOnlyList<Host> Receivers) : IAsyncDisposable
{
    /// <param name="megabits">Mbit/s of every link, each way; 0: no limit.</param>
    public static async Task<Lab> CreateAsync(int receivers, double megabits, CancellationToken cancellationToken)
    {
        var network = await Network.CreateAsync();
        try
        {
            double? limit = megabits > 0 ? megabits : null;
            var tracker = await network.AddAsync(null);
            var seed = await network.AddAsync(limit);
            var hosts = new List<Host>();
            for (var i = 0; i < receivers; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                hosts.Add(await network.AddAsync(limit));
            }

            return new Lab(network, tracker, seed, hosts);
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    /// <summary>Payload bytes that went over the links of all receivers so far, both ways.</summary>
    public long ReadReceivers() => Receivers.Select(host => host.ReadTraffic()).Sum(traffic => traffic.Sent.Payload + traffic.Received.Payload);

    /// <summary>Payload bytes that the seed has sent so far.</summary>
    public long ReadSeedSent() => Seed.ReadTraffic().Sent.Payload;

    public ValueTask DisposeAsync() => Network.DisposeAsync();
}
