namespace P2PShare.Transfer.Trackers;

/// <summary>
/// Pauses between attempts: exponential back-off with full jitter (Brooker, "Exponential RetryDelay And Jitter", AWS
/// Architecture Blog). Everybody loses a tracker at the same moment, and must not come back at the same moment.
/// </summary>
/// <param name="first">Bound of the first pause.</param>
/// <param name="longest">Bound of every pause.</param>
internal sealed class RetryDelay(TimeSpan first, TimeSpan longest)
{
    private int _pauses;

    /// <summary>Whether no pause has been made since the start or the last <see cref="Reset"/>.</summary>
    public bool IsFresh => _pauses == 0;

    /// <summary>A random time between 0 and a bound that doubles from pause to pause.</summary>
    public TimeSpan Next()
    {
        // Doubled at most so often that a time span still holds it.
        var bound = first * Math.Pow(2, Math.Min(_pauses++, 20));
        return (bound < longest ? bound : longest) * Random.Shared.NextDouble();
    }

    /// <summary>An attempt succeeded.</summary>
    public void Reset() => _pauses = 0;
}
