namespace P2PShare.Transfer.Trackers;

/// <summary>
/// Delays between attempts: exponential back-off with full jitter (Brooker, "Exponential Backoff And Jitter", AWS
/// Architecture Blog). All peers lose a tracker at the same moment, and must not return at the same moment.
/// </summary>
/// <param name="first">Upper bound of the first delay.</param>
/// <param name="max">Upper bound of every delay.</param>
/// <param name="random">Null: the shared generator.</param>
internal sealed class RetryDelay(TimeSpan first, TimeSpan max, Random? random = null)
{
    /// <summary>The longest time that a tracker can make a loop wait: it is asked again then, whatever it named.</summary>
    public static readonly TimeSpan MaxRetryAfter = TimeSpan.FromMinutes(5);

    private readonly Random _random = random ?? Random.Shared;
    private int _failures;

    /// <summary>Whether there was no failure since the start or the last <see cref="Reset"/>.</summary>
    public bool IsFresh => _failures == 0;

    /// <summary>An attempt failed.</summary>
    /// <returns>A random time between 0 and a bound that doubles from failure to failure.</returns>
    public TimeSpan Next()
    {
        // The exponent is bounded so that a TimeSpan can hold the result.
        var bound = first * Math.Pow(2, Math.Min(_failures++, 20));
        return (bound < max ? bound : max) * _random.NextDouble();
    }

    /// <summary>An attempt failed, and the tracker named a time.</summary>
    /// <param name="retryAfter">The time that the tracker named, which it may have named to all; 0: none.</param>
    /// <returns>That time, and a random one beyond it.</returns>
    public TimeSpan Next(TimeSpan retryAfter) => retryAfter + Next();

    /// <summary>An attempt succeeded.</summary>
    public void Reset() => _failures = 0;
}
