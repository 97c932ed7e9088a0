namespace P2PShare.Bench.Tracker;

/// <summary>What a load brought: how many requests in how long, and how long each took.</summary>
internal sealed class Latencies
{
    private readonly double[] _sorted;

    /// <param name="milliseconds">Of each request.</param>
    /// <param name="elapsed">From the first request to the last answer.</param>
    public Latencies(IEnumerable<double> milliseconds, TimeSpan elapsed)
    {
        _sorted = [.. milliseconds.Order()];
        PerSecond = _sorted.Length / elapsed.TotalSeconds;
    }

    public double PerSecond { get; }

    /// <param name="share">0 to 1: 0.99 is what 99 of 100 requests did not exceed.</param>
    public double Percentile(double share) => _sorted.Length == 0 ? double.NaN : _sorted[(int)Math.Min(_sorted.Length - 1, share * _sorted.Length)];
}
