using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Tracker;

/// <summary>How long the tracker's answers are, in bytes: as long are those of the server that it is compared with.</summary>
internal static class AnswerLengths
{
    /// <summary>Fifty sources and a ticket.</summary>
    public const int Sources = 15_000;

    /// <summary>A hundred files.</summary>
    public const int Files = 25_000;

    /// <summary>A group that was created.</summary>
    public const int Group = 200;

    private const double Tolerance = 0.15;

    /// <exception cref="BenchException">The answer is much longer or shorter: the comparison would not be one of the same bytes.</exception>
    public static void Check(Case @case, int expected, byte[] answer)
    {
        if (Math.Abs(answer.Length - expected) > expected * Tolerance)
        {
            throw new BenchException($"The tracker's answer in the case {@case} has {answer.Length} bytes, but about {expected} are expected. Change {nameof(AnswerLengths)}.");
        }
    }
}
