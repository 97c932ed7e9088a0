namespace P2PShare.Bench.Measuring;

/// <summary>A benchmark, or one of its subjects, that cannot continue; the message is a sentence for the person who started it.</summary>
internal sealed class BenchException : Exception
{
    public BenchException(string message)
        : base(message)
    {
    }

    public BenchException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
