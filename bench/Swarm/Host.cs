using System.Globalization;

namespace P2PShare.Bench.Swarm;

/// <summary>One machine of the lab: a network namespace with one link to the bridge.</summary>
internal sealed class Host(string space, string address)
{
    /// <summary>The name of its namespace.</summary>
    public string Space { get; } = space;

    /// <summary>Its IPv4 address.</summary>
    public string Address { get; } = address;

    /// <summary>Starts a program in it. The process's id is the program's: <c>ip netns exec</c> becomes it.</summary>
    public Worker Start(string program, params string[] arguments) =>
        new(Command.Start("ip", ["netns", "exec", Space, program, .. arguments]));

    /// <summary>Bytes that went out on its link so far, headers included.</summary>
    public Task<long> SentAsync() => CountAsync("tx_bytes");

    /// <summary>Bytes that came in on its link so far, headers included.</summary>
    public Task<long> ReceivedAsync() => CountAsync("rx_bytes");

    /// <summary>From now on nobody can open a connection to it; those it opens itself work both ways.</summary>
    public async Task RefuseConnectionsAsync()
    {
        await RunAsync("nft", "add", "table", "ip", "lab");
        await RunAsync("nft", "add", "chain", "ip", "lab", "in", "{ type filter hook input priority 0; }");
        await RunAsync("nft", "add", "rule", "ip", "lab", "in", "tcp flags & (syn | ack) == syn drop");
    }

    /// <summary>Lets others connect to it again.</summary>
    public Task AcceptConnectionsAsync() => RunAsync("nft", "flush", "ruleset");

    public Task<string> RunAsync(string program, params string[] arguments) =>
        Command.RunAsync("ip", ["netns", "exec", Space, program, .. arguments]);

    private async Task<long> CountAsync(string counter) => long.Parse(
        await RunAsync("cat", $"/sys/class/net/{Network.LinkName}/statistics/{counter}"), CultureInfo.InvariantCulture);
}
