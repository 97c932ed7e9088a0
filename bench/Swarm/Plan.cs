namespace P2PShare.Bench.Swarm;

/// <summary>What is measured.</summary>
/// <param name="Receivers">Numbers of receivers.</param>
/// <param name="Size">Bytes of the file.</param>
/// <param name="Rate">Mbit/s of every link, each way.</param>
internal sealed record Plan(IReadOnlyList<int> Receivers, long Size, double Rate, int Rounds, IReadOnlyList<string> Subjects, IReadOnlyList<Case> Cases);
