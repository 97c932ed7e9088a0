namespace P2PShare.Bench.Line;

/// <summary>What is measured.</summary>
/// <param name="Size">Bytes of the file.</param>
/// <param name="Megabits">Mbit/s of the line, each way; 0: what the machine carries.</param>
/// <param name="Delays">Milliseconds there and back.</param>
/// <param name="Loss">Per cent of the packets, each way.</param>
/// <param name="Congestion">Algorithms of congestion control.</param>
internal sealed record Plan(
    long Size, double Megabits, IReadOnlyList<int> Delays, double Loss, IReadOnlyList<string> Congestion, int Rounds, IReadOnlyList<string> Subjects);
