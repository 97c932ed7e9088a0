using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Swarm;

/// <summary>One machine of the lab: a network namespace with one link to the bridge.</summary>
/// <param name="space">The name of its namespace.</param>
/// <param name="port">The name of the bridge's end of its link.</param>
internal sealed class Host(Network network, string space, string address, string port) : Machine(address, "ip", "netns", "exec", space)
{
    /// <summary>Bytes that went out on its link so far, headers included.</summary>
    public long ReadSent() => network.ReadCounters(port).Received.Bytes;

    /// <summary>Bytes that came in on its link so far, headers included.</summary>
    public long ReadReceived() => network.ReadCounters(port).Sent.Bytes;

    /// <summary>What went out and what came in on its link so far.</summary>
    public (Traffic Sent, Traffic Received) ReadTraffic() => network.ReadCounters(port);

    /// <summary>From now on it accepts no connections; those that it opens itself work both ways.</summary>
    public async Task RefuseConnectionsAsync()
    {
        await RunAsync("nft", "add", "table", "ip", "lab");
        await RunAsync("nft", "add", "chain", "ip", "lab", "in", "{ type filter hook input priority 0; }");
        await RunAsync("nft", "add", "rule", "ip", "lab", "in", "tcp flags & (syn | ack) == syn drop");
    }

    /// <summary>Lets others connect to it again.</summary>
    public Task AcceptConnectionsAsync() => RunAsync("nft", "flush", "ruleset");
}
