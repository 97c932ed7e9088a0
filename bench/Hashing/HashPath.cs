using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Hashing;

/// <summary>One way in which the engine hashes, chosen by the instructions that the runtime is told to use.</summary>
/// <param name="Subject">As the table shows it.</param>
/// <param name="Instructions">What the peer reports when it hashes this way.</param>
/// <param name="Environment">The runtime's switches.</param>
internal sealed record HashPath(string Subject, string Instructions, IReadOnlyDictionary<string, string> Environment)
{
    public static readonly IReadOnlyList<HashPath> All =
    [
        new("p2pshare AVX-512", PeerRole.Avx512, new Dictionary<string, string>()),
        new("p2pshare fallback", PeerRole.Fallback, new Dictionary<string, string> { ["DOTNET_EnableAVX512"] = "0" }),
    ];

    /// <summary>Hashes a file in a process of its own.</summary>
    /// <returns>Seconds, without the start of the process, and what it spent on it; null: the processor does not have the instructions.</returns>
    public async Task<(double Seconds, Usage Usage)?> RunAsync(string file, CancellationToken cancellationToken)
    {
        await using var peer = new Peer(Machine.Local, Subject, Environment);
        var processes = new ProcessTree(peer.Process.Id);
        var before = await ReadUsageAsync();
        var (instructions, seconds) = await peer.HashAsync(file, cancellationToken);
        return instructions == Instructions ? (seconds, await ReadUsageAsync() - before) : null;

        async Task<Usage> ReadUsageAsync() => processes.ReadUsage() + new Usage(0, 0, await peer.ReadCompilingAsync(cancellationToken));
    }
}
