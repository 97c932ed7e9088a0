using P2PShare.Bench.Line;
using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Measuring.Programs;
using P2PShare.Bench.Swarm;
using P2PShare.Bench.Tracker;

namespace P2PShare.Bench;

/// <summary>What this program is in the processes that it starts of itself.</summary>
internal static class Role
{
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] words)
    {
        switch (words)
        {
            case [ReaperRole.Name]:
                await ReaperRole.RunAsync();
                return 0;
            case [PeerRole.Name]:
                await PeerRole.RunAsync();
                return 0;
            case [HelloRole.Name, var port]:
                await HelloRole.RunAsync(port);
                return 0;
            case [LinkRate.SenderRole, var address]:
                await LinkRate.SendAsync(address);
                return 0;
            case [LinkRate.ReceiverRole, var address]:
                await LinkRate.ReceiveAsync(address);
                return 0;
            case [ForwarderRole.Name, .. { Length: 4 } line]:
                await ForwarderRole.RunAsync(line);
                return 0;
            default:
                await Console.Error.WriteLineAsync($"'{string.Join(' ', words)}' is not a role; roles are for the processes that the benchmark starts itself.");
                return 2;
        }
    }
}
