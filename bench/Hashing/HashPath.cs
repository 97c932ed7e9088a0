using System.Globalization;
using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Hashing;

/// <summary>One way the engine hashes, chosen by what the runtime is told that the processor has.</summary>
/// <param name="Subject">As the table shows it.</param>
/// <param name="Reported">What <see cref="HashRole"/> says when it goes this way.</param>
/// <param name="Environment">The runtime's switches.</param>
internal sealed record HashPath(string Subject, string Reported, IReadOnlyDictionary<string, string> Environment)
{
    public static readonly IReadOnlyList<HashPath> All =
    [
        new("p2pshare AVX-512", HashRole.Avx512, new Dictionary<string, string>()),
        new("p2pshare AVX2", HashRole.Avx2, new Dictionary<string, string> { ["DOTNET_EnableAVX512"] = "0" }),
        // Without AVX2 the runtime offers no AVX-512 either.
        new("p2pshare fallback", HashRole.Fallback, new Dictionary<string, string> { ["DOTNET_EnableAVX2"] = "0" }),
    ];

    /// <summary>Hashes a file in a process of its own.</summary>
    /// <returns>Seconds, without the start of the process; null where the processor cannot go this way.</returns>
    public async Task<double?> RunAsync(string file, CancellationToken cancellationToken)
    {
        await using var child = Child.Start(System.Environment.ProcessPath!, ["role", file], Environment);
        var words = (await child.CompleteAsync(cancellationToken)).Split(' ');
        return words[0] == Reported ? double.Parse(words[1], CultureInfo.InvariantCulture) : null;
    }
}
