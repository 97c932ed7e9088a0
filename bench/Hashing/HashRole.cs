using System.Diagnostics;
using System.Globalization;
using System.Runtime.Intrinsics.X86;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Bench.Hashing;

/// <summary>A process that hashes one file as sharing does, and says by which instructions and how long.</summary>
internal static class HashRole
{
    public const string Avx512 = "avx512";
    public const string Avx2 = "avx2";
    public const string Fallback = "fallback";

    public static async Task<int> RunAsync(string file)
    {
        var watch = Stopwatch.StartNew();
        await FileHasher.HashAsync(file, null, CancellationToken.None);
        Console.Write(string.Create(CultureInfo.InvariantCulture, $"{Instructions} {watch.Elapsed.TotalSeconds}"));
        return 0;
    }

    // What the engine asks before it takes a kernel.
    private static string Instructions =>
        Avx512F.IsSupported && Avx512BW.IsSupported ? Avx512 : System.Runtime.Intrinsics.X86.Avx2.IsSupported ? Avx2 : Fallback;
}
