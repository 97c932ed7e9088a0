namespace P2PShare.Bench.Copy;

/// <summary>What is measured.</summary>
/// <param name="Targets">Numbers of targets.</param>
/// <param name="Size">Bytes of the file.</param>
/// <param name="Rates">Mbit/s of every link, each way; 0: loopback, without a limit.</param>
internal sealed record Plan(IReadOnlyList<int> Targets, long Size, IReadOnlyList<double> Rates, int Rounds, IReadOnlyList<string> Subjects);
