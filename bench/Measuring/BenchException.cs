namespace P2PShare.Bench.Measuring;

/// <summary>A benchmark that cannot go on, with a sentence for the person who started it.</summary>
public sealed class BenchException : Exception
{
    public BenchException()
    {
    }

    public BenchException(string message)
        : base(message)
    {
    }

    public BenchException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
